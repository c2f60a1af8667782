import { OPEN_MAX_BYTES, OPEN_MAX_EVENTS, type Event } from "@docrelay/protocol";
import { describe, expect, it } from "vitest";
import { CONVERSATION, useChannel } from "../../test/fixture.ts";
import { append, finish, openLog, type OpenedLog } from "../index.ts";
import { logKey, metaKey } from "../redis/keys.ts";

const channel = useChannel({ maxEvents: 700, maxBytes: 2_000_000 });
const read = (after?: { seq: number; nonce: string }) => openLog(channel.store, channel.user, CONVERSATION, after);
const events = (log: OpenedLog): Event[] => (log.kind === "opened" ? log.events : []);
const position = (event: Event | undefined) => ({ seq: event?.seq ?? 0, nonce: event?.nonce ?? "" });

/** An ask with `count` deltas, ended. */
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

describe("trimming", () => {
  it("keeps the newest events, counts their bytes, and moves first", async () => {
    await answered("one", 400);
    await answered("two", 500);
    const log = await read();
    expect(await channel.store.redis.xlen(logKey(channel.at))).toBe(700);
    expect(log).toMatchObject({ kind: "opened", first: 205 });
    expect(events(log)[0]?.seq).toBe(205);
    const entries = await channel.store.redis.xrange(logKey(channel.at), "-", "+");
    const bytes = entries.reduce((sum, [, [, json]]) => sum + Buffer.byteLength(json ?? ""), 0);
    expect(Number(await channel.store.redis.hget(metaKey(channel.at), "bytes"))).toBe(bytes);
  });

  it("returns lost for a position that was trimmed away", async () => {
    await answered("one", 400);
    const early = position(events(await read())[3]);
    await answered("two", 500);
    expect(await read(early)).toEqual({ kind: "lost" });
    expect(await read({ seq: 0, nonce: "" })).toEqual({ kind: "lost" });
  });

  it("keeps a log below its limit of bytes", async () => {
    await answered("one", 30, "z".repeat(100_000));
    await answered("two", 1);
    expect(Number(await channel.store.redis.hget(metaKey(channel.at), "bytes"))).toBeLessThanOrEqual(2_000_000);
  });

  it("removes no event of an unfinished ask", async () => {
    await answered("one", 10);
    await channel.ask("two");
    const { ask, attempt } = await channel.begun();
    for (let n = 1; n <= 800; n++)
      await append(channel.store, ask, { attempt, n }, { events: [{ type: "delta", text: "x" }], nonce: `${n}` });
    const accepted = events(await read())[0];
    expect(accepted).toMatchObject({ type: "accepted", ask: "two" });
    await finish(channel.store, ask, { attempt, n: 801 }, { end: { type: "cancelled", text: "" }, nonce: "end" });
    await answered("three", 200);
    expect(await channel.store.redis.xlen(logKey(channel.at))).toBe(700);
  });
});
