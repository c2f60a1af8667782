import { describe, expect, it } from "vitest";
import { CONVERSATION, useChannel } from "../../test/fixture.ts";
import {
  append,
  arrived,
  askAddress,
  cancel,
  checkAsk,
  countUnfinished,
  finish,
  openLog,
  readUsed,
  take,
} from "../index.ts";
import { dueKey, liveKey, logKey, mailKey, metaKey, recordKey } from "../redis/keys.ts";
import { redisTime } from "../redis/store.ts";

const channel = useChannel();
const timings = { queuedMs: 1, extractMs: 0, firstTokenMs: 2, totalMs: 3 };
const completed = { type: "completed", text: "all", timings } as const;
const cancelled = { type: "cancelled", text: "" } as const;
const types = async () => {
  const log = await openLog(channel.store, channel.user, CONVERSATION);
  return log.kind === "opened" ? log.events.map((event) => event.type) : [];
};

describe("finish", () => {
  it("writes the end and takes the ask out of every index", async () => {
    await channel.ask("one");
    const { ask, attempt } = await channel.begun();
    await append(channel.store, ask, { attempt, n: 1 }, { events: [{ type: "delta", text: "all" }], nonce: "n" });
    expect(await finish(channel.store, ask, { attempt, n: 2 }, { end: completed, nonce: "end" })).toEqual({
      kind: "finished",
      seq: 3,
      empty: true,
    });
    expect(await types()).toEqual(["accepted", "delta", "completed"]);
    expect(await countUnfinished(channel.store)).toEqual({ sum: 0, shards: [], isWhole: true });
    expect(await channel.store.redis.exists(mailKey(channel.at), liveKey(channel.at))).toBe(0);
    const kept = ["c", "digest", "how", "seq", "state", "v"];
    expect((await channel.store.redis.hkeys(recordKey(ask.address))).toSorted()).toEqual(kept);
  });

  it("writes the events before it in the same step, all or none", async () => {
    await channel.ask("one");
    const { ask, attempt } = await channel.begun();
    const before = [
      { type: "delta", text: "a" },
      { type: "delta", text: "ll" },
    ] as const;
    expect(await finish(channel.store, ask, { attempt, n: 2 }, { end: completed, nonce: "end", before })).toEqual({
      kind: "stale",
    });
    expect(await types()).toEqual(["accepted"]);
    expect(await finish(channel.store, ask, { attempt, n: 1 }, { end: completed, nonce: "end", before })).toMatchObject(
      { seq: 4 },
    );
    // This repeats the call, as a worker does when the reply to the first call was lost.
    expect(await finish(channel.store, ask, { attempt, n: 1 }, { end: completed, nonce: "end", before })).toEqual({
      kind: "finished",
      seq: 4,
      empty: false,
    });
    expect(await finish(channel.store, ask, "any", { end: completed, nonce: "other", before })).toEqual({
      kind: "ended",
      how: "completed",
    });
    expect(await types()).toEqual(["accepted", "delta", "delta", "completed"]);
  });

  it("charges its user for the tokens once, and not where it did not end the ask", async () => {
    await channel.ask("one");
    const { ask, attempt } = await channel.begun();
    const ending = { end: completed, nonce: "end", tokens: 75 };
    const tokens = async () => (await readUsed(channel.store, [ask.address])).used[0]?.tokens;
    expect(await finish(channel.store, ask, { attempt, n: 2 }, ending)).toEqual({ kind: "stale" });
    expect(await tokens()).toBe(0);
    for (let n = 0; n < 2; n++) await finish(channel.store, ask, { attempt, n: 1 }, ending);
    expect(await tokens()).toBe(75);
  });

  it("returns whether another ask waits behind this one", async () => {
    await channel.ask("one");
    await channel.ask("two");
    const first = await channel.begun();
    expect(await finish(channel.store, first.ask, "any", { end: cancelled, nonce: "a" })).toMatchObject({
      empty: false,
    });
    const second = await channel.begun();
    expect(await finish(channel.store, second.ask, "any", { end: cancelled, nonce: "b" })).toMatchObject({
      empty: true,
    });
  });

  it("lets the next ask be checked soon, however often it was checked while it waited", async () => {
    for (const id of ["one", "two"]) await channel.ask(id);
    const first = await channel.begun();
    const two = askAddress(channel.user, CONVERSATION, "two");
    for (let check = 0; check < 20; check++) await checkAsk(channel.store, two);
    const due = async () => {
      const score = await channel.store.redis.zscore(dueKey(two.shard), `${two.u}/${two.c}/${two.a}`);
      return Number(score) - (await redisTime(channel.store.redis));
    };
    expect(await due()).toBeGreaterThan(10_000);
    await finish(channel.store, first.ask, "any", { end: cancelled, nonce: "a" });
    expect(await due()).toBeLessThanOrEqual(600);
  });

  it("sent twice, or by two workers, ends an ask once: the first wins, and learns it also from the second answer", async () => {
    await channel.ask("one");
    const { ask, attempt } = await channel.begun();
    const ends = await Promise.all([
      finish(channel.store, ask, { attempt, n: 1 }, { end: completed, nonce: "a" }),
      finish(channel.store, ask, { attempt, n: 1 }, { end: completed, nonce: "a" }),
      finish(channel.store, ask, "any", { end: cancelled, nonce: "b" }),
    ]);
    expect(ends).toMatchObject([
      { kind: "finished", seq: 2, empty: true },
      { kind: "finished", seq: 2, empty: false },
      { kind: "ended", how: "completed" },
    ]);
    expect((await types()).length).toBe(2);
  });

  it("is stale for a voided attempt, and when an event before it is missing", async () => {
    await channel.ask("one");
    const zombie = await channel.begun();
    const { ask, attempt } = await channel.begun();
    expect(
      await finish(channel.store, zombie.ask, { attempt: zombie.attempt, n: 1 }, { end: completed, nonce: "z" }),
    ).toEqual({
      kind: "stale",
    });
    expect(await finish(channel.store, ask, { attempt, n: 2 }, { end: completed, nonce: "z" })).toEqual({
      kind: "stale",
    });
    expect(await types()).toEqual(["accepted"]);
  });

  it("by the sweeper ends an ask at any attempt, and names the attempt in the event", async () => {
    await channel.ask("one");
    const { ask } = await channel.begun();
    await finish(channel.store, ask, "any", { end: cancelled, nonce: "s" });
    expect(await openLog(channel.store, channel.user, CONVERSATION)).toMatchObject({
      events: [{}, { type: "cancelled", attempt: 1 }],
    });
  });

  it("takes an ask out of the middle of the mailbox and leaves the order of the others", async () => {
    for (const id of ["one", "two", "three"]) await channel.ask(id);
    await cancel(channel.store, { user: channel.user, conversation: CONVERSATION, id: "two", nonce: "nonce" });
    const first = await channel.taken();
    expect(first.ask.id).toBe("one");
    await finish(channel.store, first.ask, "any", { end: cancelled, nonce: "x" });
    const third = await channel.taken();
    expect(third.ask.id).toBe("three");
    await finish(channel.store, third.ask, "any", { end: cancelled, nonce: "y" });
    expect(await take(channel.store, channel.at, "me")).toEqual({ kind: "empty" });
  });

  it("gives its ask the retention, and the conversation once its mailbox is empty", async () => {
    await channel.ask("one");
    await channel.ask("two");
    const { redis, retentionMs } = channel.store;
    const ends = async (key: string): Promise<void> => {
      expect(await redis.pttl(key), key).toBeGreaterThan(retentionMs / 2);
      expect(await redis.pttl(key), key).toBeLessThanOrEqual(retentionMs);
    };
    const conversation = [logKey(channel.at), metaKey(channel.at)];
    const one = await channel.taken();
    await finish(channel.store, one.ask, "any", { end: cancelled, nonce: "x" });
    await ends(recordKey(one.ask.address));
    const two = await channel.taken();
    for (const key of [...conversation, recordKey(two.ask.address)]) expect(await redis.pttl(key), key).toBe(-1);
    await finish(channel.store, two.ask, "any", { end: cancelled, nonce: "y" });
    for (const key of [...conversation, recordKey(two.ask.address)]) await ends(key);
  });
});

describe("arrived", () => {
  it("joins the deltas of one attempt of one ask, over many pages of the log", async () => {
    await channel.ask("one");
    const first = await channel.begun();
    await append(
      channel.store,
      first.ask,
      { attempt: 1, n: 1 },
      { events: [{ type: "delta", text: "void" }], nonce: "v" },
    );
    const { ask, attempt } = await channel.begun();
    for (let n = 1; n <= 1100; n++)
      await append(channel.store, ask, { attempt, n }, { events: [{ type: "delta", text: `${n} ` }], nonce: `${n}` });
    const { text } = await arrived(channel.store, ask, attempt);
    expect(text.split(" ")).toHaveLength(1101);
    expect(text.startsWith("1 2 3 ")).toBe(true);
    expect(await arrived(channel.store, ask, 1)).toMatchObject({ text: "void" });
  });
});
