import { eventually, startRedis, type TestRedis } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useChannel } from "../../test/fixture.ts";
import { ChannelError, createReplicas, finish, hasAsk, newNonce, type Replicas, type Store } from "../index.ts";
import { askAddress } from "./address.ts";

const channel = useChannel();
let replica: TestRedis;
let own: Redis;
let replicas: Replicas;
const stored = (): Store => ({ ...channel.store, replicas });
const ended = { end: { type: "cancelled", text: "" }, nonce: newNonce() } as const;

beforeAll(async () => {
  const { port } = channel.server;
  replica = await startRedis({ container: false, args: ["--replicaof", `127.0.0.1 ${port}`] });
  await channel.store.redis.config("SET", "repl-diskless-sync-delay", "0");
  await eventually(async () => (await channel.store.redis.wait(1, 500)) === 1, {
    what: "the replica",
  });
  own = channel.connect();
  replicas = createReplicas({ redis: own, timeoutMs: 500 });
});
afterAll(() => replica?.stop());

/** Runs `during` while the replica does not reply. */
async function silent(during: () => Promise<void>): Promise<void> {
  await replica.pause();
  try {
    await during();
  } finally {
    await replica.resume();
  }
}
const isUnconfirmed = async (step: Promise<unknown>): Promise<void> => {
  const error: unknown = await step.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ChannelError);
  expect(error).toMatchObject({ kind: "io" });
};

describe("with DURABILITY=replicated", () => {
  it("an ask and its end are told when a replica has them", async () => {
    // This store waits for the replica for up to 20 s, because a busy machine may need more than the short timeout of
    // `stored()`, with which the other tests expect the wait to fail.
    const patient: Store = { ...channel.store, replicas: createReplicas({ redis: own, timeoutMs: 20_000 }) };
    expect(await channel.ask("one", {}, patient)).toMatchObject({ kind: "accepted", duplicate: false });
    const there = new Redis(replica.url);
    expect((await there.keys("*:ask:*")).length).toBe(1);
    const { ask } = await channel.taken();
    expect(await finish(patient, ask, "any", ended)).toMatchObject({ kind: "finished" });
    expect(await there.hget((await there.keys("*:ask:*"))[0] ?? "", "state")).toBe("ended");
    there.disconnect();
  });

  it("an ask that no replica has is not acknowledged, nor is it when it is sent again; it is stored, and is one ask", async () => {
    await silent(async () => {
      await isUnconfirmed(channel.ask("one", {}, stored()));
      expect(await hasAsk(channel.store, askAddress(channel.user, "talk", "one"))).toBe(true);
      await isUnconfirmed(channel.ask("one", {}, stored()));
      // The store of this call has no `replicas`, so it does not wait for the replica, which is silent.
      expect(await channel.ask("two")).toMatchObject({ kind: "accepted" });
    });
    expect(await channel.ask("one", {}, stored())).toEqual({ kind: "accepted", seq: 1, duplicate: true });
  });

  it("an end that no replica has is written again until one has it, and is one end", async () => {
    await channel.ask("one");
    const { ask } = await channel.taken();
    await silent(async () => {
      await isUnconfirmed(finish(stored(), ask, "any", ended));
      await isUnconfirmed(finish(stored(), ask, "any", ended));
    });
    expect(await finish(stored(), ask, "any", ended)).toEqual({ kind: "finished", seq: 2, empty: false });
  });

  it("a hundred at once share a few waits", async () => {
    const waits = async (): Promise<number> =>
      Number(/cmdstat_wait:calls=(\d+)/.exec(await channel.store.redis.info("commandstats"))?.[1] ?? 0);
    const before = await waits();
    const asks = Array.from({ length: 100 }, (_, index) => channel.ask(`ask-${index}`, {}, stored()));
    expect((await Promise.all(asks)).every(({ kind }) => kind === "accepted")).toBe(true);
    expect((await waits()) - before).toBeLessThan(20);
  });

  it("a reply of another connection than the write's confirms nothing: it may be another master's", async () => {
    const step = replicas.confirmed(async (redis) => {
      await redis.set("key", "value");
      redis.disconnect(true);
    });
    await isUnconfirmed(step);
    expect(await replicas.confirmed((redis) => redis.set("key", "value"))).toBe("OK");
  });
});
