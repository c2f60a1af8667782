import type { EventBody } from "@docrelay/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { randomBytes } from "node:crypto";
import { useChannel } from "../../test/fixture.ts";
import { append, conversationAddress, finish, newNonce, take } from "../index.ts";

const channel = useChannel();
const started = { type: "started", engine: "demo" } as const;
const delta = (text: string): EventBody => ({ type: "delta", text });
const timings = { queuedMs: 1, extractMs: 0, firstTokenMs: 2, totalMs: 3 };
const completed = { type: "completed", text: "An answer of one line.", timings } as const;

/** Makes a new id as a client does. */
const newId = (): string => randomBytes(16).toString("hex");

/** Returns how many commands Redis has executed. A command inside a script counts, the call of the script does not. */
async function commands(): Promise<number> {
  const stats = await channel.store.redis.info("commandstats");
  const calls = [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)];
  return calls.reduce(
    (sum, [, name, count]) => sum + (/^(?:eval|evalsha|info)$/.test(name ?? "") ? 0 : Number(count)),
    0,
  );
}

/** Returns the number of commands inside the script of a step, and the step's result. */
async function cost<T>(step: () => Promise<T>): Promise<[cost: number, result: T]> {
  const before = await commands();
  const result = await step();
  return [(await commands()) - before, result];
}

/** Runs an ask without files as its edge and its worker do: one script each to accept, take and finish. */
async function textAsk(id: string): Promise<{ accept: number; take: number; finish: number }> {
  const [accepted] = await cost(() => channel.ask(id, { kept: { bytes: 4196, maxBytes: 1e9 } }));
  const [taken, head] = await cost(() => take(channel.store, channel.at, id, { maxAttempts: 3 }));
  if (head.kind !== "taken" || !head.ask.begun) throw new Error("the ask was not begun");
  const ending = { before: [started], end: completed, nonce: `${id}-end`, tokens: 40 };
  const [finished, end] = await cost(() => finish(channel.store, head.ask, { attempt: 1, n: 1 }, ending));
  expect(end).toMatchObject({ kind: "finished", empty: true });
  return { accept: accepted, take: taken, finish: finished };
}

describe("the scripts of a text ask", () => {
  beforeEach(async () => {
    await textAsk("first"); // Redis caches the scripts here: a script that is not cached yet is sent twice.
    await channel.store.redis.flushdb();
  });

  it("execute few commands, in a new conversation and in one that is kept", async () => {
    // Three of the commands count the ask for its user, and one counts its tokens. The first ask of a day also sets
    // these counts' time to live, in three commands. The first ask of a conversation lists the conversation, in three
    // commands, but does not look for a log without counters.
    expect(await textAsk("one")).toEqual({ accept: 19, take: 5, finish: 19 });
    expect(await textAsk("two")).toEqual({ accept: 16, take: 5, finish: 18 });
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

describe("a finished ask of five events in a conversation of its own", () => {
  /** Runs an ask from its acceptance to its end, with two pieces of text. */
  async function finished(): Promise<void> {
    const { store, user } = channel;
    const [id, conversation, owner] = [newId(), newId(), newNonce()];
    const body = { message: "What is written about the duties of a lessee?", files: [], origin: "socket" } as const;
    await channel.ask(id, { conversation, body, trace: newId() });
    const head = await take(store, conversationAddress(user, conversation), owner, { maxAttempts: 3 });
    if (head.kind !== "taken") throw new Error("nothing to take");
    const first = { events: [started, delta("An answer ")], nonce: newNonce() };
    await append(store, head.ask, { attempt: 1, n: 1 }, first);
    const ending = { before: [delta("of one line.")], end: completed, nonce: newNonce() };
    expect(await finish(store, head.ask, { attempt: 1, n: 3 }, ending)).toMatchObject({ seq: 5 });
  }

  // This test measures the growth of used_memory, because MEMORY USAGE leaves out the tables of keys and estimates the
  // index of a stream.
  it("keeps at most 2.7 KiB of Redis's memory", async () => {
    const used = async (): Promise<number> =>
      Number(/^used_memory:(\d+)/m.exec(await channel.store.redis.info("memory"))?.[1]);
    // The first asks also make Redis's buffers and tables grow, so they are not measured.
    for (let count = 0; count < 24; count++) await finished();
    const before = await used();
    const asks = 300;
    for (let count = 0; count < asks; count++) await finished();
    const each = ((await used()) - before) / asks;
    expect(each).toBeGreaterThan(1000);
    expect(each).toBeLessThanOrEqual(2.7 * 1024);
  });
});
