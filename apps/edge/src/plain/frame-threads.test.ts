import { eventually } from "@docrelay/testkit";
import { readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { afterEach, expect, it } from "vitest";
import { createFrameThreads, type FrameThreads } from "./frame-threads.ts";

/** The deadline of a decoding in these tests. It is long, because a thread starts late on a busy machine. */
const PATIENCE_MS = 100_000;
const limits = { messageChars: 1000, fileBytes: 40_000_000, filesPerAsk: 2 };
const frame = (message: string): Buffer => Buffer.from(JSON.stringify({ message, unique_id: "me" }));
let threads: FrameThreads | undefined;
afterEach(() => threads?.[Symbol.asyncDispose]());

it("decodes, refuses, and goes on with the same thread", async () => {
  threads = createFrameThreads({ limits, frameBytes: 1_000_000, deadlineMs: PATIENCE_MS });
  expect(await threads.decode(frame("hi"))).toMatchObject({ message: "hi", uniqueId: "me", files: [] });
  expect(await threads.decode(frame(""))).toMatchObject({ uniqueId: "me", refused: { code: "BAD_MESSAGE" } });
  const [a, b] = await Promise.all([threads.decode(frame("a")), threads.decode(frame("b"))]);
  expect([a, b]).toMatchObject([{ message: "a" }, { message: "b" }]);
});

it("gives up after its deadline and ends that thread", async () => {
  threads = createFrameThreads({ limits, frameBytes: 1_000_000, deadlineMs: 0 });
  await expect(threads.decode(frame("hi"))).rejects.toMatchObject({ wire: { code: "BUSY" } });
  expect(threads.decoded).toBe(0);
});

it("refuses a frame of more parts than any has, and goes on with the same thread", async () => {
  threads = createFrameThreads({ limits, frameBytes: 1_000_000, deadlineMs: PATIENCE_MS });
  const many = Buffer.from(`{"message":"x","unique_id":"me","more":[${"1,".repeat(10_000)}1]}`);
  expect(await threads.decode(many)).toMatchObject({ refused: { code: "BAD_MESSAGE", reason: "schema" } });
  expect(await threads.decode(frame("after"))).toMatchObject({ message: "after" });
});

it("has room for the largest frame when every character of it takes two bytes and is built anew", async () => {
  const content = Buffer.alloc(26_214_400, 0xff).toString("base64");
  threads = createFrameThreads({ limits, frameBytes: 35_000_000, deadlineMs: PATIENCE_MS });
  const text = Buffer.from(`{"message":"\u03a9","file":{"name":"a","content":"\\u002f${content.slice(1)}"}}`);
  expect(await threads.decode(text)).toMatchObject({ message: "\u03a9", files: [{ name: "a" }] });
});

it("refuses when it has ended", async () => {
  threads = createFrameThreads({ limits, frameBytes: 1_000_000, deadlineMs: PATIENCE_MS });
  await threads[Symbol.asyncDispose]();
  await expect(threads.decode(frame("hi"))).rejects.toMatchObject({ wire: { code: "SHUTTING_DOWN" } });
});

it.runIf(process.platform === "linux")("decodes with a low priority, so that the event loop goes first", async () => {
  threads = createFrameThreads({ limits, frameBytes: 1_000_000, deadlineMs: PATIENCE_MS });
  await threads.decode(frame("hi"));
  const priorities = (): number[] =>
    readdirSync("/proc/self/task")
      .filter((thread) => readFileSync(`/proc/self/task/${thread}/comm`, "utf8").trim() === "frame decoder")
      .map((thread) => getPriority(Number(thread)));
  await eventually(() => priorities().length === 1 && priorities()[0] === 10);
});
