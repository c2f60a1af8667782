import { OPEN_MAX_BYTES, OPEN_MAX_EVENTS, type Event } from "@docrelay/protocol";
import { describe, expect, it } from "vitest";
import { CONVERSATION, useChannel } from "../../test/fixture.ts";
import { append, finish, openLog, type OpenedLog } from "../index.ts";
import { logKey, metaKey } from "../redis/keys.ts";

const channel = useChannel({ maxEvents: 700, maxBytes: 2_000_000 });
const read = (after?: { seq: number; nonce: string }, holes = false) =>
  openLog(channel.store, channel.user, CONVERSATION, { after, holes });
const events = (log: OpenedLog): Event[] => (log.kind === "opened" ? log.events : []);
const position = (event: Event | undefined) => ({ seq: event?.seq ?? 0, nonce: event?.nonce ?? "" });

/** Creates an ask that has ended and has `count` deltas. */
async function answered(id: string, count: number, text = "x"): Promise<void> {
  await channel.ask(id);
  const { ask, attempt } = await channel.begun();
  for (let n = 1; n <= count; n++)
    await append(channel.store, ask, { attempt, n }, { events: [{ type: "delta", text }], nonce: `${id}-${n}` });
  await finish(
    channel.store,
    ask,
    { attempt, n: count + 1 },
    { end: { type: "cancelled", text: "" }, nonce: `${id}-end` },
  );
}

describe("openLog", () => {
  it("reads nothing of an unknown conversation", async () => {
    expect(await read()).toEqual({ kind: "opened", events: [], more: false, first: 1, head: null, bytes: 0 });
    expect(await read({ seq: 0, nonce: "" })).toEqual({
      kind: "opened",
      events: [],
      more: false,
      first: 1,
      head: null,
      bytes: 0,
    });
  });

  it("continues after a position, and returns nothing after the head", async () => {
    await answered("one", 3);
    const all = events(await read());
    expect(events(await read(position(all[1]))).map(({ seq }) => seq)).toEqual([3, 4, 5]);
    expect(await read(position(all[4]))).toEqual({
      kind: "opened",
      events: [],
      more: false,
      first: 1,
      head: position(all[4]),
      bytes: 0,
    });
  });

  it("pages through a long log without a hole", async () => {
    await answered("one", 600);
    const first = await read();
    expect(first).toMatchObject({
      more: true,
      bytes: events(first).reduce((sum, one) => sum + JSON.stringify(one).length, 0),
    });
    expect(events(first)).toHaveLength(OPEN_MAX_EVENTS);
    const second = await read(position(events(first).at(-1)));
    expect(second).toMatchObject({ more: false });
    expect([...events(first), ...events(second)].map(({ seq }) => seq)).toEqual(
      Array.from({ length: 602 }, (_, index) => index + 1),
    );
  });

  it("limits a page's bytes, but returns at least one event", async () => {
    await answered("one", 4, "y".repeat(OPEN_MAX_BYTES - 100));
    const page = await read();
    expect(page).toMatchObject({ more: true });
    expect(events(page)).toHaveLength(2 - 1);
    expect(events(await read(position(events(page)[0])))).toHaveLength(1);
  });

  it("is lost behind the head, with a wrong nonce, and when the log was rolled back", async () => {
    await answered("one", 2);
    const last = position(events(await read()).at(-1));
    expect(await read({ ...last, seq: last.seq + 1 })).toEqual({ kind: "lost" });
    expect(await read({ ...last, nonce: "other" })).toEqual({ kind: "lost" });
    await channel.store.redis.flushall();
    await channel.ask("one");
    expect(await read(last)).toEqual({ kind: "lost" });
  });

  it("does not find a nonce in the text of a message", async () => {
    await channel.ask("one", { body: { message: '"nonce":"forged"', files: [], origin: "socket" } });
    expect(await read({ seq: 1, nonce: "forged" })).toEqual({ kind: "lost" });
  });

  it("after the log has expired starts behind the old head", async () => {
    await answered("one", 1);
    await channel.store.redis.del(logKey(channel.at));
    expect(await read()).toEqual({ kind: "opened", events: [], more: false, first: 4, head: null, bytes: 0 });
  });
});

describe("a log over its limits", () => {
  const stored = async (): Promise<Event[]> =>
    (await channel.store.redis.xrange(logKey(channel.at), "-", "+")).map(([, [, json]]) => JSON.parse(json ?? ""));
  const pieces = (of: Event[]): number => of.filter(({ type }) => type === "delta").length;

  it("loses pieces of answers before whole answers, the oldest first, and never one of the newest 512 events", async () => {
    for (let n = 1; n <= 10; n++) await answered(`a${n}`, 100);
    const kept = await stored();
    expect(kept.filter(({ type }) => type === "accepted").map(({ ask }) => ask)).toEqual(
      Array.from({ length: 10 }, (_, index) => `a${index + 1}`),
    );
    expect(kept.length).toBeLessThanOrEqual(700);
    expect(pieces(kept.filter(({ ask }) => ask === "a1"))).toBeLessThanOrEqual(2);
    expect(kept.slice(-512).map(({ seq }) => seq)).toEqual(Array.from({ length: 512 }, (_, n) => 1020 - 511 + n));
    const { bytes, holes } = await channel.store.redis.hgetall(metaKey(channel.at));
    expect(Number(bytes)).toBe(kept.reduce((sum, event) => sum + Buffer.byteLength(JSON.stringify(event)), 0));
    expect(Number(holes)).toBe(1020 - kept.length);
  });

  it("is read without holes, a missing piece as an empty one of the same answer; or with them", async () => {
    for (let n = 1; n <= 10; n++) await answered(`a${n}`, 100);
    const whole: Event[] = [];
    const thin: Event[] = [];
    for (const [to, holes] of [
      [whole, false],
      [thin, true],
    ] as const)
      for (let more = true; more;) {
        const page = await read(to.length > 0 ? position(to.at(-1)) : undefined, holes);
        to.push(...events(page));
        more = page.kind === "opened" && page.more;
      }
    expect(thin).toEqual(await stored());
    expect(whole.map(({ seq }) => seq)).toEqual(Array.from({ length: 1020 }, (_, index) => index + 1));
    expect(whole.map(({ ask }) => ask)).toEqual(Array.from({ length: 1020 }, (_, n) => `a${Math.floor(n / 102) + 1}`));
    expect(new Set(whole.map(({ nonce }) => nonce)).size).toBe(1020);
    for (const event of whole) expect(event.type === "delta" && event.attempt !== 1).toBe(false);
    expect(whole.filter((event) => event.type === "delta" && event.text === "")).toHaveLength(1020 - thin.length);
    // A reader cannot resume at the position of a delta that was removed, but it can at an earlier position.
    expect(await read(position(whole[50]))).toEqual({ kind: "lost" });
    expect(events(await read(position(whole[0])))[0]).toMatchObject({ seq: 2, ask: "a1" });
  });

  it("keeps the newest whole events once there are no more pieces, counts their bytes, and moves first", async () => {
    for (let n = 1; n <= 400; n++) await answered(`a${n}`, 1);
    const log = await read();
    const kept = await stored();
    expect(kept).toHaveLength(700);
    expect(log).toMatchObject({ kind: "opened", first: kept[0]?.seq });
    expect(events(log)[0]).toEqual(kept[0]);
    const bytes = kept.reduce((sum, event) => sum + Buffer.byteLength(JSON.stringify(event)), 0);
    expect(Number(await channel.store.redis.hget(metaKey(channel.at), "bytes"))).toBe(bytes);
    expect(await read({ seq: 3, nonce: "a1-end" })).toEqual({ kind: "lost" });
    expect(await read({ seq: 0, nonce: "" })).toEqual({ kind: "lost" });
  });

  it("keeps a log below its limit of bytes", async () => {
    await answered("one", 30, "z".repeat(100_000));
    await answered("two", 1);
    expect(Number(await channel.store.redis.hget(metaKey(channel.at), "bytes"))).toBeLessThanOrEqual(2_000_000);
  });

  it("loses no event of an unfinished ask", async () => {
    await answered("one", 10);
    await channel.ask("two");
    const { ask, attempt } = await channel.begun();
    for (let n = 1; n <= 800; n++)
      await append(channel.store, ask, { attempt, n }, { events: [{ type: "delta", text: "x" }], nonce: `${n}` });
    const accepted = events(await read())[0];
    expect(accepted).toMatchObject({ type: "accepted", ask: "two" });
    expect(pieces(await stored())).toBe(800);
    await finish(channel.store, ask, { attempt, n: 801 }, { end: { type: "cancelled", text: "" }, nonce: "end" });
    await answered("three", 200);
    expect((await stored()).length).toBeLessThanOrEqual(700);
  });
});
