import { describe, expect, it } from "vitest";
import { CONVERSATION, useChannel } from "../../test/fixture.ts";
import { askAddress } from "../redis/address.ts";
import { accept, begin, finish, foreseeRefusal, openLog, take, type Accepted } from "../index.ts";
import * as keys from "../redis/keys.ts";

const channel = useChannel();

describe("accept", () => {
  it("writes record, mailbox, indexes and the accepted event in one step", async () => {
    expect(await channel.ask("one")).toEqual({ kind: "accepted", seq: 1, duplicate: false });
    const at = askAddress(channel.user, CONVERSATION, "one");
    const { redis } = channel.store;
    expect(await redis.lrange(keys.mailKey(at), 0, 9)).toEqual([at.a]);
    expect(await redis.smembers(keys.liveKey(at))).toEqual([at.a]);
    expect(await redis.zrange(keys.dueKey(at.shard), "0", "-1")).toEqual([`${at.u}/${at.c}/${at.a}`]);
    const log = await openLog(channel.store, channel.user, CONVERSATION);
    expect(log).toMatchObject({
      kind: "opened",
      events: [{ seq: 1, type: "accepted", ask: "one", attempt: 0, message: "question one", files: [] }],
    });
  });

  it("keeps empty lists as lists: the event is never decoded in Lua", async () => {
    await channel.ask("one");
    const [entry] = await channel.store.redis.xrange(keys.logKey(channel.at), "-", "+");
    expect(entry?.[1]?.[1]).toContain('"files":[]');
  });

  it("sent twice returns the stored seq and writes nothing more", async () => {
    await channel.ask("one");
    await channel.ask("two");
    expect(await channel.ask("one")).toEqual({ kind: "accepted", seq: 1, duplicate: true });
    expect(await channel.store.redis.xlen(keys.logKey(channel.at))).toBe(2);
    expect(await channel.store.redis.llen(keys.mailKey(channel.at))).toBe(2);
  });

  it("returns a duplicate also after the ask has ended", async () => {
    await channel.ask("one");
    const { ask, attempt } = await channel.begun();
    await finish(channel.store, ask, { attempt, n: 1 }, { end: { type: "cancelled", text: "" }, nonce: "nonce" });
    expect(await channel.ask("one")).toEqual({ kind: "accepted", seq: 1, duplicate: true });
    expect(await take(channel.store, channel.at, "owner")).toEqual({ kind: "empty" });
  });

  it("five at once with one id make one ask", async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => channel.ask("one")));
    expect(answers.filter((answer) => answer.kind === "accepted" && !answer.duplicate)).toHaveLength(1);
    expect(new Set(answers.map((answer) => (answer.kind === "accepted" ? answer.seq : answer.kind)))).toEqual(
      new Set([1]),
    );
  });

  it("refuses the same id with another body, also in another conversation", async () => {
    await channel.ask("one");
    expect(await channel.ask("one", { digest: "other" })).toEqual({ kind: "conflict" });
    expect(await channel.ask("one", { conversation: "elsewhere" })).toEqual({ kind: "conflict" });
  });

  it("is busy at the limit, stores nothing then, and accepts more once one ask has ended", async () => {
    await channel.ask("one", { maxInFlight: 1 });
    const before = await channel.store.redis.dbsize();
    expect(await channel.ask("two", { maxInFlight: 1, conversation: "elsewhere" })).toEqual({ kind: "busy" });
    expect(await channel.store.redis.dbsize()).toBe(before);
    const { ask } = await channel.taken();
    await finish(channel.store, ask, "any", { end: { type: "cancelled", text: "" }, nonce: "nonce" });
    expect(await channel.ask("two", { maxInFlight: 1 })).toMatchObject({ kind: "accepted", duplicate: false });
  });

  it("gives nothing of an unfinished ask a time to live, also in a conversation that had one", async () => {
    const { redis } = channel.store;
    for (const id of ["one", "two"]) {
      await channel.ask(id);
      const at = askAddress(channel.user, CONVERSATION, id);
      for (const key of [keys.logKey(at), keys.mailKey(at), keys.metaKey(at), keys.recordKey(at), keys.liveKey(at)]) {
        expect(await redis.pttl(key), key).toBe(-1);
      }
      const { ask } = await channel.taken();
      await finish(channel.store, ask, "any", { end: { type: "cancelled", text: "" }, nonce: "nonce" });
      for (const key of [keys.logKey(at), keys.metaKey(at)]) expect(await redis.pttl(key), key).toBeGreaterThan(0);
    }
  });

  it("by a user of Redis who may not publish fails, and what it wrote is whole: sent again it is the same ask", async () => {
    const { redis } = channel.store;
    await redis.acl("SETUSER", "default", "resetchannels");
    try {
      await expect(channel.ask("one")).rejects.toThrow(/channel/);
      const at = askAddress(channel.user, CONVERSATION, "one");
      expect(await redis.lrange(keys.mailKey(at), 0, 9)).toEqual([at.a]);
      expect(await redis.smembers(keys.liveKey(at))).toEqual([at.a]);
      expect(await redis.zrange(keys.dueKey(at.shard), "0", "-1")).toEqual([`${at.u}/${at.c}/${at.a}`]);
      expect(await channel.ask("one")).toEqual({ kind: "accepted", seq: 1, duplicate: true });
      const log = await openLog(channel.store, channel.user, CONVERSATION);
      expect(log).toMatchObject({ events: [{ seq: 1, type: "accepted", ask: "one" }] });
    } finally {
      await redis.acl("SETUSER", "default", "allchannels");
    }
    const { ask, attempt } = await channel.begun();
    expect(ask).toMatchObject({ id: "one", seq: 1, body: { message: "question one" } });
    const end = { end: { type: "cancelled", text: "" }, nonce: "nonce" } as const;
    expect(await finish(channel.store, ask, { attempt, n: 1 }, end)).toEqual({ kind: "finished", seq: 2, empty: true });
  });

  it("keeps only hashes of ids in keys", async () => {
    await channel.ask("a-telling-ask-id", { conversation: "a-telling-conversation" });
    const all = await channel.store.redis.keys("*");
    expect(all.filter((key) => key.includes("telling") || key.includes(channel.user))).toEqual([]);
  });

  it("numbers a conversation's events anew only together with its log", async () => {
    await channel.ask("one");
    await channel.store.redis.del(keys.metaKey(channel.at));
    expect(await channel.ask("two")).toMatchObject({ kind: "accepted", seq: 1 });
    expect(await openLog(channel.store, channel.user, CONVERSATION)).toMatchObject({
      events: [{ seq: 1, ask: "two" }],
    });
  });

  it("stores which ask of the same conversation it replaces, running or ended, and refuses any other", async () => {
    await channel.ask("one");
    await channel.ask("elsewhere", { conversation: "elsewhere" });
    for (const replaces of ["unknown", "elsewhere", "two"])
      expect(await channel.ask("two", { replaces })).toEqual({ kind: "not-replaceable" });
    expect(await channel.store.redis.xlen(keys.logKey(channel.at))).toBe(1);
    expect(await channel.ask("two", { replaces: "one" })).toEqual({ kind: "accepted", seq: 2, duplicate: false });
    expect(await channel.ask("two", { replaces: "one" })).toEqual({ kind: "accepted", seq: 2, duplicate: true });
    expect(await openLog(channel.store, channel.user, CONVERSATION)).toMatchObject({
      events: [{}, { replaces: "one" }],
    });
  });

  it("replaces an ask that a long conversation still shows after its record has expired", async () => {
    await channel.ask("one");
    await channel.ask("two");
    await channel.store.redis.del(keys.recordKey(askAddress(channel.user, CONVERSATION, "one")));
    const ask = async (retentionMs: number): Promise<Accepted> => {
      const store = { ...channel.store, retentionMs };
      const { user } = channel;
      const body = { message: "again", files: [], origin: "socket" } as const;
      const id = `after ${retentionMs}`;
      const made = { digest: id, trace: "", nonce: id, maxInFlight: 100 };
      return accept(store, { user, conversation: CONVERSATION, id, body, replaces: "one", ...made });
    };
    // The event of the ask "one" is younger than this retention, so the ask's record cannot have expired: its absence
    // means that the ask is unknown.
    expect(await ask(60_000)).toEqual({ kind: "not-replaceable" });
    expect(await ask(0)).toMatchObject({ kind: "accepted" });
  });

  it("begins no engine call", async () => {
    await channel.ask("one");
    const { ask } = await channel.taken();
    expect(await begin(channel.store, ask, "not the owner", 3)).toEqual({ kind: "stale" });
  });
});

describe("foreseeRefusal", () => {
  const foresee = (
    id: string,
    more: { conversation?: string; replaces?: string } = {},
    digest: string | undefined = "own",
  ) =>
    foreseeRefusal(
      channel.store,
      { user: channel.user, conversation: CONVERSATION, id, maxInFlight: 2, ...more },
      async () => digest,
    );

  it("returns what accept would return, and stores nothing", async () => {
    await channel.ask("one", { digest: "own" });
    const before = await channel.store.redis.dbsize();
    expect(await foresee("two")).toBeUndefined();
    expect(await foresee("two", { replaces: "one" })).toBeUndefined();
    for (const replaces of ["two", "none"]) expect(await foresee("two", { replaces })).toBe("not-replaceable");
    expect(await foresee("two", { replaces: "one", conversation: "other" })).toBe("not-replaceable");
    expect([await foresee("one"), await foresee("one", {}, "other")]).toEqual([undefined, "conflict"]);
    expect(await channel.store.redis.dbsize()).toBe(before);
    await channel.ask("two", { digest: "own" });
    expect([await foresee("three"), await foresee("two"), await foresee("two", {}, "other")]).toEqual([
      "busy",
      undefined,
      "conflict",
    ]);
  });
});
