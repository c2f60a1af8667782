import { expect, it } from "vitest";
import { profileTable, summarize } from "./summarize.ts";

const frames = [
  ["(idle)", ""],
  ["writev", ""],
  ["(garbage collector)", ""],
  ["take", "file:///a/packages/channel/src/ask/turn.ts"],
  ["sendCommand", "file:///a/node_modules/.pnpm/ioredis@6/node_modules/ioredis/built/Redis.js"],
  ["parse", "file:///a/node_modules/.pnpm/zod@4/node_modules/zod/v4/core/parse.js"],
  ["setTimeout", "node:timers"],
] as const;

it("sums up the samples of a time by package, library and kind of native code, without the time that was waited", () => {
  const nodes = frames.map(([functionName, url], id) => ({ id, callFrame: { functionName, url } }));
  const samples = [3, 0, 1, 2, 3, 4, 5, 6, 3];
  const profile = { nodes, startTime: 1000, samples, timeDeltas: samples.map(() => 100) };
  const times = summarize(profile, { fromUs: 1200, toUs: 1800 });
  expect(Object.fromEntries(times)).toEqual({
    "system calls that write to sockets and the log": 100,
    "garbage collection": 100,
    "packages/channel": 100,
    ioredis: 100,
    zod: 100,
    "Node: timers": 100,
  });
});

it("tells each group's part, and what it is for one ask", () => {
  const times = new Map([
    ["small", 1],
    ["large", 300],
    ["smaller", 0.5],
  ]);
  expect(profileTable(times, 3)).toEqual([
    ["large", "99.5 %", "100.0 µs"],
    ["the rest", "0.5 %", "0.5 µs"],
    ["all", "100.0 %", "100.5 µs"],
  ]);
});
