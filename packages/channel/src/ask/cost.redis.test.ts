import type { EventBody } from "@docrelay/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { useChannel } from "../../test/fixture.ts";
import { append, finish, take } from "../index.ts";

const channel = useChannel();
const started = { type: "started", engine: "demo" } as const;
const delta = (text: string): EventBody => ({ type: "delta", text });
const timings = { queuedMs: 1, extractMs: 0, firstTokenMs: 2, totalMs: 3 };
const completed = { type: "completed", text: "An answer of one line.", timings } as const;

/** How many commands Redis has executed, those inside scripts included, and the scripts themselves not. */
async function commands(): Promise<number> {
  const stats = await channel.store.redis.info("commandstats");
  const calls = [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)];
  return calls.reduce(
    (sum, [, name, count]) => sum + (/^(?:eval|evalsha|info)$/.test(name ?? "") ? 0 : Number(count)),
    0,
  );
}

/** Commands inside the script of a step. */
async function cost<T>(step: () => Promise<T>): Promise<[cost: number, result: T]> {
  const before = await commands();
  const result = await step();
  return [(await commands()) - before, result];
}

/** An ask that has nothing to wait for, as its edge and its worker run it: one script each to accept, take and finish. */
async function textAsk(id: string): Promise<{ accept: number; take: number; finish: number }> {
  const [accepted] = await cost(() => channel.ask(id));
  const [taken, head] = await cost(() => take(channel.store, channel.at, id, 3));
  if (head.kind !== "taken" || !head.ask.begun) throw new Error("the ask was not begun");
  const ending = { before: [started], end: completed, nonce: `${id}-end` };
  const [finished, end] = await cost(() => finish(channel.store, head.ask, { attempt: 1, n: 1 }, ending));
  expect(end).toMatchObject({ kind: "finished", empty: true });
  return { accept: accepted, take: taken, finish: finished };
}

describe("the scripts of a text ask", () => {
  beforeEach(async () => {
    await textAsk("first"); // A script that Redis has not seen yet is sent twice.
    await channel.store.redis.flushdb();
  });

  it("execute few commands, in a new conversation and in one that is kept", async () => {
    expect(await textAsk("one")).toEqual({ accept: 12, take: 5, finish: 17 });
    expect(await textAsk("two")).toEqual({ accept: 13, take: 5, finish: 17 });
  });

  it("execute two commands more for each event", async () => {
    await channel.ask("one");
    const { ask, attempt } = await channel.begun();
    const write = async (n: number, events: EventBody[]): Promise<number> =>
      (await cost(() => append(channel.store, ask, { attempt, n }, { events, nonce: `n${n}` })))[0];
    await write(1, [delta("a")]);
    expect(await write(2, [delta("b")])).toBe(7);
    expect(await write(3, [delta("c"), delta("d"), delta("e")])).toBe(11);
  });
});
