import { describe, expect, it } from "vitest";
import { CONVERSATION, useChannel } from "../../test/fixture.ts";
import { append, begin, cancel, handBack, park, take, type TakenAsk } from "../index.ts";
import { mailKey, recordKey } from "../redis/keys.ts";

const channel = useChannel();
const delta = (text: string) => ({ type: "delta", text }) as const;
/** Flags the ask at the head of the mailbox for cancelling, as an edge does. */
const flag = () => cancel(channel.store, { user: channel.user, conversation: CONVERSATION, id: "one", nonce: "nonce" });
const record = (ask: TakenAsk, field: string) => channel.store.redis.hget(recordKey(ask.address), field);

describe("take", () => {
  it("returns the head with all that a worker needs", async () => {
    await channel.ask("one");
    await channel.ask("two");
    const { ask } = await channel.taken();
    expect(ask).toMatchObject({
      conversation: CONVERSATION,
      id: "one",
      attempt: 0,
      n: 0,
      taken: 1,
      cancelled: false,
      seq: 1,
      trace: "trace-one",
      body: { message: "question one", files: [], origin: "socket" },
    });
    expect(ask.deadline - ask.acceptedAt).toBe(channel.store.askDeadlineMs);
    expect(ask.now).toBeGreaterThanOrEqual(ask.acceptedAt);
  });

  it("returns empty for an empty mailbox", async () => {
    expect(await take(channel.store, channel.at, "owner")).toEqual({ kind: "empty" });
  });

  it("sent twice by one owner returns the same and counts once", async () => {
    await channel.ask("one");
    const first = await channel.taken("me");
    const second = await channel.taken("me");
    expect({ ...second.ask, now: 0 }).toEqual({ ...first.ask, now: 0 });
  });

  it("by another owner counts a crash of the former owner, whose writes are stale from then on", async () => {
    await channel.ask("one");
    const former = await channel.taken();
    expect((await channel.taken()).ask.taken).toBe(2);
    expect(await begin(channel.store, former.ask, former.owner, 3)).toEqual({ kind: "stale" });
  });

  it("returns held, and changes nothing, while another worker runs the head", async () => {
    await channel.ask("one");
    const { ask } = await channel.taken("worker-a/1");
    const before = await channel.store.redis.hgetall(recordKey(ask.address));
    for (const how of [{}, { maxAttempts: 3 }, { voided: "worker-c/1" }, { voided: "worker-a/2" }])
      expect(await take(channel.store, channel.at, "worker-b/1", how)).toEqual({ kind: "held", owner: "worker-a/1" });
    expect(await channel.store.redis.hgetall(recordKey(ask.address))).toEqual(before);
  });

  it("takes the ask that another worker runs when voided names exactly its owner", async () => {
    await channel.ask("one");
    await channel.taken("worker-a/1");
    const voided = { voided: "worker-a/1" };
    expect(await take(channel.store, channel.at, "worker-b/1", voided)).toMatchObject({
      kind: "taken",
      ask: { orphaned: true, taken: 2 },
    });
    // A late bell makes a worker call `take` with the same `voided`, but by now worker-b owns the ask.
    expect(await take(channel.store, channel.at, "worker-c/1", voided)).toEqual({ kind: "held", owner: "worker-b/1" });
  });

  it("lets a worker take the ask anew that it runs itself", async () => {
    await channel.ask("one");
    await channel.taken("worker-a/1");
    expect(await take(channel.store, channel.at, "worker-a/2")).toMatchObject({
      kind: "taken",
      ask: { orphaned: true, taken: 2 },
    });
  });

  it("takes an owner token without a name, as of release 0.1, for a worker of its own", async () => {
    await channel.ask("one");
    await channel.taken("token");
    expect(await take(channel.store, channel.at, "token/1")).toMatchObject({ kind: "taken" });
    expect(await take(channel.store, channel.at, "tok/1")).toEqual({ kind: "held", owner: "token/1" });
  });

  it.each([
    ["parked", park],
    ["handed back", handBack],
  ] as const)("takes an ask that was %s, whatever its worker was", async (_name, release) => {
    await channel.ask("one");
    const { ask } = await channel.taken("worker-a/1");
    await release(channel.store, ask, "worker-a/1");
    expect(await take(channel.store, channel.at, "worker-b/1")).toMatchObject({
      kind: "taken",
      ask: { orphaned: false, taken: 1 },
    });
  });

  it("removes ended and expired asks from the mailbox and returns the next", async () => {
    await channel.ask("one");
    await channel.ask("two");
    const { ask } = await channel.taken();
    await channel.store.redis.del(recordKey(ask.address));
    expect((await channel.taken()).ask.id).toBe("two");
    expect(await channel.store.redis.llen(mailKey(channel.at))).toBe(1);
  });

  it("leaves a newer version's record alone", async () => {
    await channel.ask("one");
    const { ask } = await channel.taken();
    await channel.store.redis.hset(recordKey(ask.address), "v", 99, "owner", "newer");
    expect(await take(channel.store, channel.at, "me")).toEqual({ kind: "newer" });
    expect(await record(ask, "owner")).toBe("newer");
  });
});

describe("take of an ask without files", () => {
  const take3 = (owner: string, voided = "") => take(channel.store, channel.at, owner, { maxAttempts: 3, voided });

  it("begins its engine call, once for each owner", async () => {
    await channel.ask("one");
    const first = await take3("me");
    expect(first).toMatchObject({ kind: "taken", ask: { begun: true, attempt: 1, n: 0, taken: 0 } });
    expect(await take3("me")).toMatchObject({ ask: { begun: true, attempt: 1, n: 0 } });
    if (first.kind !== "taken") throw new Error("nothing to take");
    await handBack(channel.store, first.ask, "me");
    expect(await take3("another")).toMatchObject({ ask: { begun: true, attempt: 2, n: 0 } });
    expect(
      await append(channel.store, first.ask, { attempt: 1, n: 1 }, { events: [delta("late")], nonce: "n" }),
    ).toEqual({
      kind: "stale",
    });
  });

  it("begins none when all calls were made or it was cancelled", async () => {
    await channel.ask("one");
    await take3("a");
    for (const [owner, voided] of [
      ["b", "a"],
      ["c", "b"],
    ] as const) {
      const taken = await take3(owner, voided);
      if (taken.kind === "taken") await begin(channel.store, taken.ask, owner, 3);
    }
    expect(await take3("d", "c")).toMatchObject({ ask: { begun: false, attempt: 3, spared: 0 } });
    await flag();
    expect(await take(channel.store, channel.at, "e", { maxAttempts: 9, voided: "d" })).toMatchObject({
      ask: { begun: false, cancelled: true },
    });
  });

  it("begins none that was taken too often without a call, nor one that has expired", async () => {
    await channel.ask("one");
    for (let crash = 1; crash <= 5; crash++) await channel.taken(`dead-${crash}`);
    const taken = await take3("last", "dead-5");
    expect(taken).toMatchObject({ ask: { begun: false, taken: 6 } });
    if (taken.kind !== "taken") throw new Error("nothing to take");
    await channel.store.redis.hset(recordKey(taken.ask.address), "taken", 0, "deadline", 1);
    expect(await take3("too late", "last")).toMatchObject({ ask: { begun: false } });
  });

  it("begins none that its last owner ran and did not release", async () => {
    await channel.ask("one");
    await take3("dead");
    expect(await take3("me", "dead")).toMatchObject({ ask: { begun: false, orphaned: true, attempt: 1, taken: 1 } });
  });

  it("does not count the call of a worker that stands still, nor of one that hands back", async () => {
    await channel.ask("one");
    const takeOnly = (owner: string, voided = "", voidedLives = false) =>
      take(channel.store, channel.at, owner, { maxAttempts: 1, voided, voidedLives });
    await takeOnly("frozen");
    const taken = await takeOnly("me", "frozen", true);
    expect(taken).toMatchObject({ ask: { begun: false, orphaned: true, attempt: 1, spared: 1, taken: 0 } });
    if (taken.kind !== "taken") throw new Error("nothing to take");
    expect(await begin(channel.store, taken.ask, "me", 1)).toEqual({ kind: "begun", attempt: 2 });
    await handBack(channel.store, taken.ask, "me");
    await handBack(channel.store, taken.ask, "me");
    expect(await takeOnly("third")).toMatchObject({ ask: { begun: true, attempt: 3, spared: 2 } });
    expect(await takeOnly("crashed", "third")).toMatchObject({ ask: { begun: false, spared: 2 } });
    expect(await begin(channel.store, taken.ask, "crashed", 1)).toEqual({ kind: "exhausted" });
  });

  it("counts the takings of one that makes every worker stand still before its call", async () => {
    const file = { name: "a.pdf", size: 1, sha256: "0".repeat(64), text: "t", ref: "r" };
    await channel.ask("one", { body: { message: "m", files: [file], origin: "socket" } });
    await take3("frozen/1");
    for (let n = 2; n <= 6; n++) {
      const how = { maxAttempts: 3, voided: `frozen/${n - 1}`, voidedLives: true };
      expect(await take(channel.store, channel.at, `frozen/${n}`, how)).toMatchObject({
        ask: { attempt: 0, taken: n },
      });
    }
  });

  it("begins none with files: their texts may be missing", async () => {
    const file = { name: "a.pdf", size: 1, sha256: "0".repeat(64), text: "t", ref: "r" };
    await channel.ask("one", { body: { message: "m", files: [file], origin: "socket" } });
    expect(await take3("me")).toMatchObject({ ask: { begun: false, attempt: 0, taken: 1 } });
  });
});
