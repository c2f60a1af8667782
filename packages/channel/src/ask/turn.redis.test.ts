import type { EventBody } from "@docrelay/protocol";
import { describe, expect, it } from "vitest";
import { CONVERSATION, useChannel } from "../../test/fixture.ts";
import {
  append,
  begin,
  cancel,
  confirm,
  dueAsks,
  finish,
  handBack,
  newOwner,
  openLog,
  park,
  spare,
  take,
  type TakenAsk,
} from "../index.ts";
import { dueKey, recordKey } from "../redis/keys.ts";

const channel = useChannel();
const delta = (text: string) => ({ type: "delta", text }) as const;
const end = { type: "cancelled", text: "" } as const;
const endNow = (ask: TakenAsk) => finish(channel.store, ask, "any", { end, nonce: "end" });
/** Flags the ask at the head of the mailbox for cancelling, as an edge does. */
const flag = () => cancel(channel.store, { user: channel.user, conversation: CONVERSATION, id: "one", nonce: "nonce" });
const record = (ask: TakenAsk, field: string) => channel.store.redis.hget(recordKey(ask.address), field);

describe("begin", () => {
  it("numbers the engine calls from 1 and resets the count of crashes", async () => {
    await channel.ask("one");
    expect((await channel.begun()).attempt).toBe(1);
    expect((await channel.begun()).attempt).toBe(2);
    expect((await channel.taken()).ask).toMatchObject({ attempt: 2, n: 0, taken: 1 });
  });

  it("sent twice by one owner counts one call", async () => {
    await channel.ask("one");
    const { ask, owner } = await channel.taken();
    expect(await begin(channel.store, ask, owner, 3)).toEqual({ kind: "begun", attempt: 1 });
    expect(await begin(channel.store, ask, owner, 3)).toEqual({ kind: "begun", attempt: 1 });
  });

  it("is exhausted at the last allowed call", async () => {
    await channel.ask("one");
    await channel.begun();
    const { ask, owner } = await channel.taken();
    expect(await begin(channel.store, ask, owner, 1)).toEqual({ kind: "exhausted" });
    expect(await record(ask, "attempt")).toBe("1");
  });

  it("does not count calls that were spared, each once and at most seven", async () => {
    await channel.ask("one");
    for (let call = 1; call <= 7; call++) {
      const { ask, attempt } = await channel.begun();
      await spare(channel.store, ask, attempt);
      await spare(channel.store, ask, attempt);
    }
    expect((await channel.taken()).ask).toMatchObject({ attempt: 7, spared: 7 });
    const eighth = await channel.taken();
    expect(await begin(channel.store, eighth.ask, eighth.owner, 1)).toEqual({ kind: "begun", attempt: 8 });
    await spare(channel.store, eighth.ask, 8);
    const last = await channel.taken();
    expect(await begin(channel.store, last.ask, last.owner, 1)).toEqual({ kind: "exhausted" });
    await endNow(last.ask);
    await spare(channel.store, last.ask, 8);
    expect(await record(last.ask, "spared")).toBeNull();
  });

  it("returns cancelled, ended and stale", async () => {
    await channel.ask("one");
    const { ask, owner } = await channel.taken();
    expect(await begin(channel.store, ask, "another", 3)).toEqual({ kind: "stale" });
    await flag();
    expect(await begin(channel.store, ask, owner, 3)).toEqual({ kind: "cancelled" });
    await endNow(ask);
    expect(await begin(channel.store, ask, owner, 3)).toEqual({ kind: "ended", how: "cancelled" });
  });
});

describe("append", () => {
  it("writes the next event, and each n once", async () => {
    await channel.ask("one");
    const { ask, attempt } = await channel.begun();
    expect(await append(channel.store, ask, { attempt, n: 1 }, { events: [delta("a")], nonce: "n1" })).toEqual({
      kind: "written",
      seq: 2,
    });
    expect(await append(channel.store, ask, { attempt, n: 1 }, { events: [delta("a")], nonce: "n1" })).toEqual({
      kind: "done",
    });
    expect(await append(channel.store, ask, { attempt, n: 2 }, { events: [delta("b")], nonce: "n2" })).toEqual({
      kind: "written",
      seq: 3,
    });
    expect(await append(channel.store, ask, { attempt, n: 1 }, { events: [delta("a")], nonce: "n1" })).toEqual({
      kind: "done",
    });
    const log = await openLog(channel.store, channel.user, CONVERSATION);
    expect(log.kind === "opened" && log.events.map((event) => [event.seq, event.attempt, event.nonce])).toEqual([
      [1, 0, expect.any(String)],
      [2, 1, "n1"],
      [3, 1, "n2"],
    ]);
  });

  it("writes several together, each with a nonce of its own, and none of them twice", async () => {
    await channel.ask("one");
    const { ask, attempt } = await channel.begun();
    const events = [delta("a"), delta("b"), delta("c")];
    expect(await append(channel.store, ask, { attempt, n: 1 }, { events, nonce: "n1" })).toEqual({
      kind: "written",
      seq: 4,
    });
    expect(await append(channel.store, ask, { attempt, n: 1 }, { events, nonce: "n1" })).toEqual({ kind: "done" });
    expect(await append(channel.store, ask, { attempt, n: 4 }, { events: [delta("d")], nonce: "n4" })).toEqual({
      kind: "written",
      seq: 5,
    });
    const log = await openLog(channel.store, channel.user, CONVERSATION);
    const found = log.kind === "opened" ? log.events.slice(1) : [];
    expect(found.map((event) => event.type === "delta" && event.text)).toEqual(["a", "b", "c", "d"]);
    expect(new Set(found.map(({ nonce }) => nonce)).size).toBe(4);
  });

  it("of an attempt that goes on stores where, and is stale as soon as another worker has taken the ask", async () => {
    await channel.ask("one");
    const first = await channel.begun();
    const { attempt } = first;
    const write = (owner: string, n: number, resume?: string) =>
      append(
        channel.store,
        first.ask,
        { attempt, n },
        { events: [delta("x")], nonce: `${n}`, resumable: { owner, resume } },
      );
    expect(await write(first.owner, 1, "1 first mark")).toMatchObject({ kind: "written" });
    expect(await write(first.owner, 2)).toMatchObject({ kind: "written" });
    const second = await channel.taken();
    expect(second.ask).toMatchObject({ attempt, n: 2, resume: "1 first mark", begun: false, orphaned: true });
    expect(await write(first.owner, 3, "3 late")).toEqual({ kind: "stale" });
    const late = { end, nonce: "e", owner: first.owner };
    expect(await finish(channel.store, first.ask, { attempt, n: 3 }, late)).toEqual({ kind: "stale" });
    expect(await write(second.owner, 3, "3 next")).toMatchObject({ kind: "written" });
    // A worker that stops hands the ask back. When another worker then takes the ask, no call is begun.
    await handBack(channel.store, second.ask, second.owner);
    const third = await take(channel.store, channel.at, "third", { maxAttempts: 9 });
    expect(third).toMatchObject({ ask: { attempt, n: 3, resume: "3 next", begun: false } });
    await begin(channel.store, first.ask, "third", 9);
    const fourth = await channel.taken();
    expect(fourth.ask.attempt).toBe(attempt + 1);
    expect(fourth.ask).not.toHaveProperty("resume");
  });

  it("refuses a hole in an attempt's events", async () => {
    await channel.ask("one");
    const { ask, attempt } = await channel.begun();
    expect(await append(channel.store, ask, { attempt, n: 2 }, { events: [delta("b")], nonce: "n2" })).toEqual({
      kind: "stale",
    });
  });

  it("is stale for an attempt that another worker has voided", async () => {
    await channel.ask("one");
    const zombie = await channel.begun();
    const next = await channel.begun();
    expect(
      await append(
        channel.store,
        zombie.ask,
        { attempt: zombie.attempt, n: 1 },
        { events: [delta("late")], nonce: "n" },
      ),
    ).toEqual({
      kind: "stale",
    });
    expect(
      await append(channel.store, next.ask, { attempt: next.attempt, n: 1 }, { events: [delta("new")], nonce: "n" }),
    ).toMatchObject({
      kind: "written",
    });
  });

  it("of attempt 0 writes each file's extraction once, also by two workers", async () => {
    await channel.ask("one");
    const extracted: EventBody = {
      type: "extracted",
      file: 0,
      pages: 1,
      chars: 1,
      cached: false,
      missing: [],
      ocr: [],
      truncated: false,
    };
    const first = await channel.taken();
    const second = await channel.taken();
    expect(
      await append(channel.store, first.ask, { attempt: 0, n: 1 }, { events: [extracted], nonce: "x" }),
    ).toMatchObject({
      kind: "written",
    });
    expect(await append(channel.store, second.ask, { attempt: 0, n: 1 }, { events: [extracted], nonce: "y" })).toEqual({
      kind: "done",
    });
    expect((await channel.taken()).ask.n).toBe(1);
  });

  it("returns cancelled and ended, and writes nothing then", async () => {
    await channel.ask("one");
    const { ask, attempt } = await channel.begun();
    await flag();
    expect(await append(channel.store, ask, { attempt, n: 1 }, { events: [delta("a")], nonce: "n" })).toEqual({
      kind: "cancelled",
    });
    await endNow(ask);
    expect(await append(channel.store, ask, { attempt, n: 1 }, { events: [delta("a")], nonce: "n" })).toEqual({
      kind: "ended",
      how: "cancelled",
    });
    const log = await openLog(channel.store, channel.user, CONVERSATION);
    expect(log.kind === "opened" && log.events.map((event) => event.type)).toEqual(["accepted", "cancelled"]);
  });

  it("carries any text unchanged", async () => {
    await channel.ask("one");
    const { ask, attempt } = await channel.begun();
    const text = 'quotes " back \\ slash \u2028 emoji 🚀 null \u0000 {"a":[]} %d';
    await append(channel.store, ask, { attempt, n: 1 }, { events: [delta(text)], nonce: "n" });
    expect(await openLog(channel.store, channel.user, CONVERSATION)).toMatchObject({ events: [{}, { text }] });
  });
});

describe("park and hand back", () => {
  it.each([
    ["park", park, "parked"],
    ["hand back", handBack, "handed-back"],
  ] as const)(
    "%s releases once, takes the count back, and is a no-op the second time",
    async (_name, release, kind) => {
      await channel.ask("one");
      const { ask, owner } = await channel.taken();
      expect(await release(channel.store, ask, owner)).toEqual({ kind });
      expect(await release(channel.store, ask, owner)).toEqual({ kind });
      expect(await record(ask, "taken")).toBe("0");
      expect((await channel.taken()).ask.taken).toBe(1);
    },
  );

  it.each([
    ["park", park],
    ["hand back", handBack],
  ] as const)("%s returns stale, cancelled and ended", async (_name, release) => {
    await channel.ask("one");
    const { ask, owner } = await channel.taken();
    expect(await release(channel.store, ask, "another")).toEqual({ kind: "stale" });
    await flag();
    expect(await release(channel.store, ask, owner)).toEqual({ kind: "cancelled" });
    await endNow(ask);
    expect(await release(channel.store, ask, owner)).toEqual({ kind: "ended", how: "cancelled" });
  });

  it("an ask handed back is due at once, a parked one later", async () => {
    await channel.ask("one");
    const first = await channel.taken();
    await park(channel.store, first.ask, first.owner);
    expect(await dueAsks(channel.store, 10)).toEqual([]);
    const second = await channel.taken();
    await handBack(channel.store, second.ask, second.owner);
    expect(await dueAsks(channel.store, 10)).toEqual([second.ask.address]);
  });

  it("keeps the attempt that was counted", async () => {
    await channel.ask("one");
    const { ask, owner } = await channel.begun();
    await handBack(channel.store, ask, owner);
    expect((await channel.taken()).ask.attempt).toBe(1);
  });
});

describe("confirm", () => {
  it("returns ok or cancelled to the owner, and writes nothing", async () => {
    await channel.ask("one");
    const { ask, owner } = await channel.taken();
    const member = `${ask.address.u}/${ask.address.c}/${ask.address.a}`;
    await channel.store.redis.zadd(dueKey(ask.address.shard), 1, member);
    const before = await channel.store.redis.hgetall(recordKey(ask.address));
    expect(await confirm(channel.store, ask, owner)).toEqual({ kind: "ok" });
    expect(await channel.store.redis.hgetall(recordKey(ask.address))).toEqual(before);
    expect(await dueAsks(channel.store, 10)).toEqual([ask.address]);
    await flag();
    expect(await confirm(channel.store, ask, owner)).toEqual({ kind: "cancelled" });
    expect(await confirm(channel.store, ask, owner)).toEqual({ kind: "cancelled" });
  });

  it("returns stale and ended", async () => {
    await channel.ask("one");
    const { ask, owner } = await channel.taken();
    expect(await confirm(channel.store, ask, newOwner())).toEqual({ kind: "stale" });
    await channel.taken();
    expect(await confirm(channel.store, ask, owner)).toEqual({ kind: "stale" });
    await endNow(ask);
    expect(await confirm(channel.store, ask, owner)).toEqual({ kind: "ended", how: "cancelled" });
  });
});
