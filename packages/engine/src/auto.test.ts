import { eventually } from "@docrelay/testkit";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { askAll, engineAt, startScriptedEngine, textOf, type Call } from "../test/scripted-engine.ts";
import type { Habit } from "./index.ts";

const WORDS = ["It ", "is ", "a ", "report."];
type Engine = (call: Call) => unknown;

const pieces = async ({ say, id: unique_id }: Call, gapMs: number): Promise<void> => {
  for (const word of WORDS) {
    say({ message: word, type: "chat", unique_id });
    if (gapMs > 0) await sleep(gapMs);
  }
};

/** Sends a frame in fragments, as servers do that write piece by piece into one frame. */
function fragments({ socket, id: unique_id }: Call): void {
  for (const message of WORDS) {
    for (const char of JSON.stringify({ message, unique_id })) socket.send(char, { fin: false });
    socket.send("", { fin: true });
  }
}

/**
 * Makes an engine that takes a reply for complete after a short silence, so that tests do not take seconds. The gaps
 * between frames in these tests are much shorter than that silence.
 */
const auto = (url: string, more: Parameters<typeof engineAt>[1] = {}): ReturnType<typeof engineAt> =>
  engineAt(url, { reply: "auto", quietMs: 250, ...more });

// These tests run at the same time, because each of them waits for silences.
describe.concurrent("auto gives the whole answer of an engine that", () => {
  const engines: Array<[string, Engine, Habit["ends"]]> = [
    ["streams frames of many fragments, the last one empty", (call) => fragments(call), "quiet"],
    [
      "streams plain text behind byte order marks",
      async ({ say }) => WORDS.forEach((word) => say(`\uFEFF{"message":"${word}"}`)),
      "quiet",
    ],
    [
      "streams with heartbeats and empty frames between",
      async (call) => {
        for (const word of WORDS) {
          for (const noise of ["", { type: "ping" }, { type: "status", message: "…" }]) call.say(noise);
          call.say({ response: word });
        }
      },
      "quiet",
    ],
    ["streams and ends with a frame", async (call) => (await pieces(call, 10), call.say({ type: "end" })), "mark"],
    ["streams and closes", async (call) => (await pieces(call, 10), call.socket.close(1000)), "mark"],
    ["streams and closes without a code", async (call) => (await pieces(call, 10), call.socket.close()), "mark"],
    ["streams and falls silent", (call) => pieces(call, 10), "quiet"],
    ["streams all at once", (call) => pieces(call, 0), "quiet"],
    [
      "pauses after its first word",
      async (call) => (call.say("It "), await sleep(20), call.say("is a report.")),
      "quiet",
    ],
    ["replies with one frame", ({ say }) => say({ message: WORDS.join("") }), "one"],
    ["replies with one frame of plain text", ({ say }) => say(WORDS.join("")), "one"],
    ["replies with one frame and closes", ({ say, socket }) => (say(WORDS.join("")), socket.close()), "mark"],
    ["tells its state before", ({ say }) => (say({ type: "status", message: "Thinking" }), say(WORDS.join(""))), "one"],
    [
      "sends chat completion chunks",
      ({ say }) => {
        say({ choices: [{ delta: { role: "assistant" } }] });
        for (const content of WORDS) say({ choices: [{ delta: { content } }] });
        say("[DONE]");
      },
      "mark",
    ],
  ];
  it.each(engines)("%s, each time, and says how it ends", async (_, script, ends) => {
    const habits: Habit[] = [];
    await using server = await startScriptedEngine(script);
    await using engine = auto(server.url, { onHabit: (habit) => habits.push(habit) });
    for (let turn = 0; turn < 2; turn++)
      expect(textOf(await askAll(engine, { uniqueId: `${turn}` }))).toBe(WORDS.join(""));
    expect(habits.at(-1)?.ends).toBe(ends);
    expect(server.calls).toHaveLength(2);
  });

  it.each(engines)("%s, after replies of one frame, over whatever connection", async (_, script) => {
    let isShort = true;
    await using server = await startScriptedEngine((call) =>
      isShort ? call.say({ message: "Hello!" }) : script(call),
    );
    await using engine = auto(server.url, { connections: 2 });
    for (const user of ["ann", "bob"]) expect(textOf(await askAll(engine, { affinity: user }))).toBe("Hello!");
    isShort = false;
    for (const user of ["ann", "bob"])
      expect(textOf(await askAll(engine, { affinity: user, uniqueId: user }))).toBe(WORDS.join(""));
  });
});

it("auto shows the first frame at once, and waits for less once only single frames were seen", async () => {
  await using server = await startScriptedEngine(({ say }) => say({ message: "whole" }));
  await using engine = auto(server.url, { quietMs: 600, connections: 1 });
  const endAfterMs = async (): Promise<number> => {
    let textAt = 0;
    const ask = { message: "m", uniqueId: "u", affinity: "a" };
    for await (const event of engine.ask(ask, new AbortController().signal))
      if (event.kind === "text") textAt = performance.now();
      else if (event.kind === "end") expect(event).toEqual({ kind: "end", frame: '{"message":"whole"}' });
    return performance.now() - textAt;
  };
  expect(await endAfterMs()).toBeGreaterThan(550);
  for (let turn = 0; turn < 2; turn++) {
    const waitedMs = await endAfterMs();
    expect(waitedMs).toBeGreaterThan(150);
    expect(waitedMs).toBeLessThan(550);
  }
});

it("auto that took a first piece for the whole says so, and waits for longer from then on", async () => {
  let late = 0;
  let gapMs = 0;
  await using server = await startScriptedEngine(async ({ say, socket }) => {
    say({ message: "one " });
    if (gapMs === 0) return;
    await sleep(gapMs);
    if (socket.readyState === socket.OPEN) say({ message: "two" });
  });
  await using engine = auto(server.url, { quietMs: 200, connections: 1, onFrameAfterReply: () => late++ });
  expect(textOf(await askAll(engine))).toBe("one ");
  gapMs = 90;
  expect(textOf(await askAll(engine))).toBe("one ");
  await eventually(() => late === 1, { what: "the second frame" });
  expect(textOf(await askAll(engine))).toBe("one two");
});

describe("a reply as servers send it", () => {
  it("may be a frame of thousands of fragments, the last of them empty", async () => {
    await using server = await startScriptedEngine(({ socket }) => {
      const text = JSON.stringify({ message: "x".repeat(8000) });
      for (const char of text) socket.send(char, { fin: false });
      socket.send("", { fin: true });
    });
    await using engine = engineAt(server.url);
    expect(textOf(await askAll(engine))).toBe("x".repeat(8000));
  });

  it("may have heartbeats and empty frames around it: its connection is used again", async () => {
    let reports = 0;
    await using server = await startScriptedEngine(({ say, number }) => {
      say({ type: "ping" });
      say({ message: `reply ${number}` });
      say("");
      say({ type: "heartbeat" });
    });
    await using engine = engineAt(server.url, { onFrameAfterReply: () => reports++ });
    for (const turn of [1, 2, 3]) expect(textOf(await askAll(engine))).toBe(`reply ${turn}`);
    expect([server.opened, reports]).toEqual([1, 0]);
  });

  it("is cut at its largest size and marked, and the engine computes it once", async () => {
    await using server = await startScriptedEngine(({ say, socket }) => {
      for (let index = 0; index < 20 && socket.readyState === socket.OPEN; index++) say({ delta: "x".repeat(100_000) });
    });
    await using engine = engineAt(server.url, { reply: "stream", maxReplyBytes: 950_000 });
    const events = await askAll(engine);
    expect(textOf(events)).toBe("x".repeat(950_000));
    expect(events.at(-1)).toMatchObject({ kind: "end", truncated: true });
    await eventually(() => server.open === 0, { what: "the close" });
  });

  it("of an engine that was seen to end with a frame is broken off by a close", async () => {
    await using server = await startScriptedEngine(({ say, socket, number }) => {
      say({ message: "half " });
      if (number === 1) say({ type: "end" });
      else socket.close(1000);
    });
    await using engine = auto(server.url);
    expect(textOf(await askAll(engine))).toBe("half ");
    await expect(askAll(engine)).rejects.toMatchObject({ kind: "unavailable", why: "closed-1000" });
  });
});

it("the engine is told its own origin and the operator's headers when a connection opens", async () => {
  const seen: Array<Record<string, unknown>> = [];
  await using server = await startScriptedEngine(
    ({ say }) => say({ message: "x" }),
    (_socket, { headers: { origin, "x-key": key } }) => seen.push({ origin, key }),
  );
  for (const headers of [{ "X-Key": "k" }, { origin: "https://other.example" }]) {
    await using engine = engineAt(server.url, { headers });
    await askAll(engine);
  }
  const own = server.url.replace("ws:", "http:");
  expect(seen).toEqual([
    { origin: own, key: "k" },
    { origin: "https://other.example", key: undefined },
  ]);
});
