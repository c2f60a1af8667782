import {
  accept,
  askAddress,
  askDigest,
  DELETED_CHANNEL,
  deleteConversation,
  newNonce,
  type Store,
} from "@docrelay/channel";
import { eventually, startRedis, type TestRedis } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { createAcknowledged, type AcknowledgedAsk } from "./acknowledged.ts";

let server: TestRedis;
let store: Store;
const lost: string[] = [];
beforeAll(async () => {
  server = await startRedis({ aof: true });
  const redis = new Redis(server.url, { retryStrategy: () => 50 });
  redis.on("error", () => undefined);
  store = { redis, retentionMs: 600_000, askDeadlineMs: 60_000 };
});
beforeEach(() => void (lost.length = 0));
afterAll(async () => {
  store.redis.disconnect();
  await server.stop();
});

const open = (now = () => performance.now()) =>
  createAcknowledged({ store, onLost: ({ id }) => void lost.push(id), now });
async function acknowledge(to: ReturnType<typeof open>, id: string): Promise<AcknowledgedAsk> {
  const body = { message: "?", files: [], origin: "socket" } as const;
  const digest = askDigest("secret", { conversation: "talk", message: "?", files: [] });
  const ask = { user: "someone", conversation: "talk", id, trace: `trace-${id}` };
  await accept(store, { ...ask, body, digest, nonce: newNonce(), maxInFlight: 100 });
  to.add(ask);
  return ask;
}
/** Removes the ask's record from Redis, as if a failover had lost it. */
async function drop({ user, conversation, id }: AcknowledgedAsk): Promise<void> {
  const [key = ""] = await store.redis.keys(`*:ask:${askAddress(user, conversation, id).a}`);
  expect(await store.redis.del(key)).toBe(1);
}
async function anotherProcess(): Promise<void> {
  await server.kill();
  await server.restart();
  await eventually(() => store.redis.status === "ready");
}

it("names what another Redis does not have, once, and nothing that the same one has forgotten", async () => {
  const edge = open();
  await edge.check();
  const asks = [await acknowledge(edge, "one"), await acknowledge(edge, "two"), await acknowledge(edge, "three")];
  await drop(asks[0] as AcknowledgedAsk);
  await edge.check();
  expect(lost).toEqual([]);
  await drop(asks[2] as AcknowledgedAsk);
  await anotherProcess();
  await edge.check();
  expect(lost).toEqual(["one", "three"]);
  await anotherProcess();
  await edge.check();
  expect(lost).toEqual(["one", "three"]);
});

it("misses no ask of a conversation that its user has deleted, by whatever edge", async () => {
  const edge = open();
  await edge.check();
  await acknowledge(edge, "unwanted");
  const subscriber = new Redis(server.url);
  const told = Promise.withResolvers<void>();
  subscriber.on("message", (_channel: string, message: string) => {
    edge.deleted(message);
    told.resolve();
  });
  await subscriber.subscribe(DELETED_CHANNEL);
  await deleteConversation(store, "someone", "talk");
  await told.promise;
  subscriber.disconnect();
  await drop(await acknowledge(edge, "wanted"));
  await anotherProcess();
  await edge.check();
  expect(lost).toEqual(["wanted"]);
});

it("looks again when Redis goes away while it looks", async () => {
  let isAway = false;
  const redis = new Proxy(store.redis, {
    get(target, name) {
      if (name === "exists" && isAway) return () => Promise.reject(new Error("Connection is closed."));
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  const edge = createAcknowledged({ store: { ...store, redis }, onLost: ({ id }) => void lost.push(id) });
  await edge.check();
  await drop(await acknowledge(edge, "gone"));
  await anotherProcess();
  isAway = true;
  await expect(edge.check()).rejects.toThrow("closed");
  isAway = false;
  await edge.check();
  expect(lost).toEqual(["gone"]);
});

it("keeps the last two minutes", async () => {
  let now = 0;
  const edge = open(() => now);
  await edge.check();
  await drop(await acknowledge(edge, "old"));
  now = 120_000;
  await drop(await acknowledge(edge, "new"));
  await anotherProcess();
  await edge.check();
  expect(lost).toEqual(["new"]);
});
