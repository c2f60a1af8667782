import { readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { askAll, engineAt, textOf } from "./scripted-engine.ts";
import { startStarter, starterStacks } from "./starter-stacks.ts";

/** The settings of a worker that has only ENGINE_URL. */
const DEFAULTS = { reply: "auto", connections: 500, firstReplyTimeoutMs: 60_000, idleTimeoutMs: 30_000 } as const;
const WORDS = Array.from({ length: 60 }, (_, index) => `word${index}`).join(" ");
/**
 * The length of a prompt, in characters, that exceeds the default message limit (16 MiB) of the Python libraries
 * websockets and uvicorn.
 */
const MANY = 17 * 1_048_576;

describe.each(starterStacks())("the example $name", (stack) => {
  it("is short", () => {
    const text = readFileSync(join(import.meta.dirname, "../../../examples/engines", stack.name), "utf8");
    expect(text.split("\n").length).toBeLessThanOrEqual(60);
  });

  it("streams, names the ask in every frame, takes long prompts, and stops when it is left", async (context) => {
    if (stack.missing !== undefined) {
      process.stdout.write(`skipped: ${stack.name}: ${stack.missing}\n`);
      context.skip(stack.missing);
    }
    await using starter = await startStarter(stack);
    await using engine = engineAt(starter.url, DEFAULTS);

    const events = await askAll(engine, { message: `what is inside? ${WORDS}` });
    expect(events.filter(({ kind }) => kind === "text").length).toBeGreaterThan(10);
    expect(textOf(events)).toMatch(/^The prompt has \d+ (characters|bytes)\. It begins: what is inside\? word0 word1/);
    expect(await framesOf(starter.url)).toEqual(
      expect.arrayContaining([{ unique_id: "raw", type: "end" }, expect.objectContaining({ type: "delta" })]),
    );

    const long = await askAll(engine, { message: "x".repeat(MANY) });
    expect(textOf(long)).toContain(`The prompt has ${MANY} `);

    for await (const { kind } of engine.ask({ message: WORDS, uniqueId: "left", affinity: "user" }, never()))
      if (kind === "text") break;
    await eventually(() => starter.output().includes("cancelled left"), { what: "the end of its work" });
  });
});

/** Sends an ask over a plain WebSocket, and returns the frames of its reply. Each must have the ask's id. */
async function framesOf(url: string): Promise<object[]> {
  const socket = new WebSocket(url, { origin: url.replace("ws", "http") });
  socket.on("open", () => socket.send(JSON.stringify({ message: "why?", type: "chat", unique_id: "raw" })));
  const frames: Array<{ type: string; unique_id: string }> = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.on("error", reject);
  socket.on("message", (data: Buffer) => {
    const frame = JSON.parse(data.toString()) as { type: string; unique_id: string };
    frames.push(frame);
    if (frame.type === "end") resolve();
  });
  await promise;
  socket.terminate();
  expect(frames.every(({ unique_id: id }) => id === "raw")).toBe(true);
  return frames;
}

function never(): AbortSignal {
  return new AbortController().signal;
}
