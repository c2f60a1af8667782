import { describe, expect, it } from "vitest";
import { CONVERSATION, useChannel } from "../../test/fixture.ts";
import {
  askAddress,
  conversationAddress,
  countUnfinished,
  dueAsks,
  finish,
  holdLease,
  checkAsk,
  park,
  take,
} from "../index.ts";
import { dueKey, mailKey, recordKey } from "../redis/keys.ts";

const channel = useChannel();
const at = askAddress(channel.user, CONVERSATION, "one");
const member = `${at.u}/${at.c}/${at.a}`;
const nextLook = async () => Number(await channel.store.redis.zscore(dueKey(at.shard), member)) - Date.now();

describe("holdLease", () => {
  it("is held by one process until it expires", async () => {
    expect(await holdLease(channel.store, "a", 60_000)).toBe(true);
    expect(await holdLease(channel.store, "b", 60_000)).toBe(false);
    expect(await holdLease(channel.store, "a", 1)).toBe(true);
    await expect.poll(() => holdLease(channel.store, "b", 60_000)).toBe(true);
  });
});

describe("dueAsks", () => {
  it("finds the due asks of all shards, and no others", async () => {
    const users = Array.from({ length: 40 }, (_, index) => `user-${index}`);
    for (const user of users) await channel.ask("one", { user });
    expect(await dueAsks(channel.store, 10)).toEqual([]);
    expect(await countUnfinished(channel.store)).toBe(40);
    const late = users.slice(0, 7).map((user) => askAddress(user, CONVERSATION, "one"));
    for (const ask of late) await channel.store.redis.zadd(dueKey(ask.shard), 1, `${ask.u}/${ask.c}/${ask.a}`);
    const due = await dueAsks(channel.store, 10);
    expect(new Set(due.map(({ a }) => a))).toEqual(new Set(late.map(({ a }) => a)));
  });
});

describe("checkAsk", () => {
  it("finds an ask whose wake-up job was lost, and checks it again in 5, 10, 20 … 60 s", async () => {
    await channel.ask("one", {});
    const waits: number[] = [];
    await channel.store.redis.hset(recordKey(at), "deadline", Date.now() + 1e7);
    for (let count = 1; count <= 9; count++) {
      expect(await checkAsk(channel.store, at)).toMatchObject({
        kind: "found",
        expired: false,
        ask: { state: "queued", checks: count, id: "one" },
      });
      waits.push(Math.round((await nextLook()) / 1000));
    }
    expect(waits).toEqual([5, 10, 20, 30, 40, 50, 60, 60, 60]);
  });

  it("checks no later than the deadline", async () => {
    await channel.ask("one");
    await channel.store.redis.hset(recordKey(at), "deadline", Date.now() + 2000);
    await checkAsk(channel.store, at);
    expect(await nextLook()).toBeLessThanOrEqual(2000);
  });

  it("returns that a deadline has passed, and checks again soon in case the ask is not ended", async () => {
    await channel.ask("one");
    await channel.store.redis.hset(recordKey(at), "deadline", 1);
    expect(await checkAsk(channel.store, at)).toMatchObject({ kind: "found", expired: true });
    expect(await nextLook()).toBeLessThanOrEqual(1000);
  });

  it("returns whether an ask is parked, running or cancelled", async () => {
    await channel.ask("one");
    const { ask, owner } = await channel.taken();
    expect(await checkAsk(channel.store, at)).toMatchObject({ ask: { state: "running", cancelled: false } });
    await park(channel.store, ask, owner);
    expect(await checkAsk(channel.store, at)).toMatchObject({ ask: { state: "parked" } });
    await channel.store.redis.hset(recordKey(at), "cancel", "1");
    expect(await checkAsk(channel.store, at)).toMatchObject({ ask: { cancelled: true } });
  });

  it("removes ended and expired asks from the indexes", async () => {
    await channel.ask("one");
    await channel.ask("two");
    await channel.store.redis.del(recordKey(at));
    expect(await checkAsk(channel.store, at)).toEqual({ kind: "gone" });
    expect(await countUnfinished(channel.store)).toBe(1);
    expect(await channel.store.redis.llen(mailKey(at))).toBe(1);
    const { ask } = await channel.taken();
    await finish(channel.store, ask, "any", { end: { type: "cancelled", text: "" }, nonce: "x" });
    expect(await checkAsk(channel.store, ask.address)).toEqual({ kind: "gone" });
    expect(await take(channel.store, conversationAddress(channel.user, CONVERSATION), "me")).toEqual({ kind: "empty" });
  });

  it("leaves a newer version's ask alone", async () => {
    await channel.ask("one");
    await channel.store.redis.hset(recordKey(at), "v", 99);
    expect(await checkAsk(channel.store, at)).toEqual({ kind: "gone" });
    expect(await countUnfinished(channel.store)).toBe(1);
  });
});
