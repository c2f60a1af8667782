import { describe, expect, it } from "vitest";
import { CONVERSATION, useChannel } from "../../test/fixture.ts";
import {
  askAddress,
  conversationAddress,
  countUnfinished,
  dueAsks,
  finish,
  handBack,
  checkAsk,
  park,
  runningAsks,
  take,
} from "../index.ts";
import { dueKey, liveKey, logKey, mailKey, metaKey, recordKey } from "../redis/keys.ts";

const channel = useChannel();
const at = askAddress(channel.user, CONVERSATION, "one");
const member = `${at.u}/${at.c}/${at.a}`;
const nextLook = async () => Number(await channel.store.redis.zscore(dueKey(at.shard), member)) - Date.now();

describe("dueAsks", () => {
  it("finds the due asks of all shards, and no others", async () => {
    const users = Array.from({ length: 40 }, (_, index) => `user-${index}`);
    for (const user of users) await channel.ask("one", { user });
    const asks = users.map((user) => askAddress(user, CONVERSATION, "one"));
    const late = asks.slice(0, 7);
    for (const ask of asks) {
      const at = late.includes(ask) ? 1 : Date.now() + 60_000;
      await channel.store.redis.zadd(dueKey(ask.shard), at, `${ask.u}/${ask.c}/${ask.a}`);
    }
    const due = await dueAsks(channel.store, 10);
    expect(new Set(due.map(({ a }) => a))).toEqual(new Set(late.map(({ a }) => a)));
    const [{ shard } = at] = late;
    const ofShard = late.filter((ask) => ask.shard === shard);
    expect(await dueAsks(channel.store, 10, [shard])).toEqual(expect.arrayContaining(ofShard));
    expect(await dueAsks(channel.store, 10, [shard])).toHaveLength(ofShard.length);
    expect(await dueAsks(channel.store, 10, [])).toEqual([]);
  });
});

describe("countUnfinished", () => {
  it("sums the unfinished asks of all shards, and names the shards", async () => {
    const users = Array.from({ length: 40 }, (_, index) => `user-${index}`);
    for (const user of users) await channel.ask("one", { user });
    const shards = new Set(users.map((user) => askAddress(user, CONVERSATION, "one").shard));
    expect(await countUnfinished(channel.store)).toEqual({ sum: 40, shards: [...shards].toSorted(), isWhole: true });
  });
});

describe("runningAsks", () => {
  const all = async (shards?: readonly string[]) => (await Array.fromAsync(runningAsks(channel.store, shards))).flat();

  it("yields each ask that a worker runs with its owner, and none that is queued, parked or handed back", async () => {
    const users = ["a", "b", "c", "d"] as const;
    const addressOf = (user: string) => askAddress(user, CONVERSATION, "one");
    for (const user of users) await channel.ask("one", { user });
    for (const user of users.slice(1)) await take(channel.store, addressOf(user), `worker/${user}`);
    await park(channel.store, { address: addressOf("c") }, "worker/c");
    await handBack(channel.store, { address: addressOf("d") }, "worker/d");
    expect(await all()).toEqual([{ address: addressOf("b"), owner: "worker/b" }]);
    expect(await all([addressOf("b").shard])).toHaveLength(1);
    expect(await all([])).toEqual([]);
  });

  it("reads more records than fit in one batch", async () => {
    const { redis } = channel.store;
    const pipeline = redis.pipeline();
    for (let index = 0; index < 1203; index++) {
      const ask = askAddress(channel.user, CONVERSATION, `ask-${index}`);
      pipeline.zadd(dueKey(ask.shard), 1, `${ask.u}/${ask.c}/${ask.a}`);
      if (index % 2 === 0) pipeline.hset(recordKey(ask), "state", "running", "owner", "worker/x");
    }
    await pipeline.exec();
    const found = await all();
    expect(new Set(found.map(({ address }) => address.a)).size).toBe(602);
    expect(found).toHaveLength(602);
  });
});

describe("checkAsk", () => {
  it("is first due 600 ms after the acceptance", async () => {
    await channel.ask("one");
    const accepted = Number(await channel.store.redis.hget(recordKey(at), "accepted"));
    expect(Number(await channel.store.redis.zscore(dueKey(at.shard), member)) - accepted).toBe(600);
  });

  it("finds an ask whose bell was lost, and checks it again in 1, 2, 4, 6 … 60 s", async () => {
    await channel.ask("one", {});
    const waits: number[] = [];
    await channel.store.redis.hset(recordKey(at), "deadline", Date.now() + 1e7);
    for (let count = 1; count <= 33; count++) {
      expect(await checkAsk(channel.store, at)).toMatchObject({
        kind: "found",
        expired: false,
        ask: { state: "queued", checks: count, id: "one" },
      });
      waits.push(Math.round((await nextLook()) / 1000));
    }
    expect(waits).toEqual([1, ...Array.from({ length: 30 }, (_, index) => 2 * index + 2), 60, 60]);
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

  it("returns whether an ask is parked, running or cancelled, and its owner", async () => {
    await channel.ask("one");
    const { ask, owner } = await channel.taken();
    expect(await checkAsk(channel.store, at)).toMatchObject({ ask: { state: "running", owner, cancelled: false } });
    await park(channel.store, ask, owner);
    expect(await checkAsk(channel.store, at)).toMatchObject({ ask: { state: "parked", owner: "" } });
    await channel.store.redis.hset(recordKey(at), "cancel", "1");
    expect(await checkAsk(channel.store, at)).toMatchObject({ ask: { cancelled: true } });
  });

  it("removes ended and expired asks from the indexes", async () => {
    await channel.ask("one");
    await channel.ask("two");
    await channel.store.redis.del(recordKey(at));
    expect(await checkAsk(channel.store, at)).toEqual({ kind: "gone" });
    expect(await countUnfinished(channel.store)).toEqual({ sum: 1, shards: [at.shard], isWhole: true });
    expect(await channel.store.redis.llen(mailKey(at))).toBe(1);
    const { ask } = await channel.taken();
    await finish(channel.store, ask, "any", { end: { type: "cancelled", text: "" }, nonce: "x" });
    expect(await checkAsk(channel.store, ask.address)).toEqual({ kind: "gone" });
    expect(await take(channel.store, conversationAddress(channel.user, CONVERSATION), "me")).toEqual({ kind: "empty" });
  });

  it("gives a conversation the retention whose last ask has lost its record or stopped half way through its end", async () => {
    const { redis, retentionMs } = channel.store;
    for (const stop of [() => redis.del(recordKey(at)), () => redis.hset(recordKey(at), "state", "ended")]) {
      await channel.ask("one");
      await stop();
      expect(await checkAsk(channel.store, at)).toEqual({ kind: "gone" });
      expect(await redis.exists(mailKey(at), liveKey(at), dueKey(at.shard))).toBe(0);
      for (const key of [logKey(at), metaKey(at)]) {
        expect(await redis.pttl(key), key).toBeGreaterThan(0);
        expect(await redis.pttl(key), key).toBeLessThanOrEqual(retentionMs);
      }
    }
    expect(await redis.pttl(recordKey(at))).toBeGreaterThan(0);
  });

  it("takes the time to live from an unfinished ask that a process of an older version has given it", async () => {
    await channel.ask("one");
    const all = [logKey(at), metaKey(at), mailKey(at), liveKey(at), recordKey(at)];
    for (const key of all) await channel.store.redis.pexpire(key, 10_000);
    await checkAsk(channel.store, at);
    for (const key of all) expect(await channel.store.redis.pttl(key), key).toBe(-1);
  });

  it("leaves a newer version's ask alone", async () => {
    await channel.ask("one");
    await channel.store.redis.hset(recordKey(at), "v", 99);
    expect(await checkAsk(channel.store, at)).toEqual({ kind: "gone" });
    expect(await countUnfinished(channel.store)).toEqual({ sum: 1, shards: [at.shard], isWhole: true });
  });
});
