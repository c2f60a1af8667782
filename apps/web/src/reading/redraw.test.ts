import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createRedraw } from "./redraw.ts";

let frames: Array<() => void> = [];
const frame = (): void => frames.splice(0).forEach((run) => run());

beforeEach(() => {
  frames = [];
  vi.useFakeTimers();
  vi.stubGlobal("window", { setTimeout });
  vi.stubGlobal("requestAnimationFrame", (run: () => void) => frames.push(run));
  vi.stubGlobal("cancelAnimationFrame", () => frames.splice(0));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("draws once in a frame; while a log is read, rarely, and at its end", async () => {
  let drawn = 0;
  const redraw = createRedraw(() => drawn++);
  redraw.soon();
  redraw.soon();
  frame();
  expect(drawn).toBe(1);

  let read = (): void => undefined;
  redraw.reading(new Promise<void>((resolve) => (read = resolve)));
  frame();
  expect(drawn).toBe(2);
  for (const [afterMs, count] of [
    [999, 2],
    [1, 3],
    [1999, 3],
    [1, 4],
  ] as const) {
    redraw.soon();
    vi.advanceTimersByTime(afterMs);
    frame();
    expect(drawn).toBe(count);
  }
  redraw.soon();
  read();
  await vi.advanceTimersByTimeAsync(0);
  frame();
  expect(drawn).toBe(5);
  await vi.advanceTimersByTimeAsync(10_000);
  frame();
  expect(drawn).toBe(5);
});

it.each(["what the user does", "another conversation"])("%s is drawn in the next frame while a log is read", (what) => {
  let drawn = 0;
  const redraw = createRedraw(() => drawn++);
  const reads = new Promise<void>(() => undefined);
  redraw.reading(reads);
  frame();
  for (const ms of [1000, 2000, 4000]) {
    redraw.soon();
    vi.advanceTimersByTime(ms);
  }
  redraw.soon();
  expect(drawn).toBe(4);
  if (what === "another conversation") redraw.reading(reads);
  else redraw.hurry();
  frame();
  expect(drawn).toBe(5);
  // The fifth drawing has also shown what the last call of `soon` was for, so nothing is drawn now. After the next call
  // of `soon`, the wait is one second again.
  vi.advanceTimersByTime(8000);
  expect(drawn).toBe(5);
  redraw.soon();
  vi.advanceTimersByTime(1000);
  expect(drawn).toBe(6);
});

it("a log that cannot be read is waited for no longer, nor is one that is left for another", async () => {
  let drawn = 0;
  const redraw = createRedraw(() => drawn++);
  redraw.reading(Promise.resolve());
  redraw.reading(Promise.reject(new Error("away")));
  await vi.advanceTimersByTimeAsync(0);
  redraw.soon();
  frame();
  expect(drawn).toBe(1);
});
