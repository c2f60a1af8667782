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
  for (const [afterMs, count] of [
    [999, 1],
    [1, 2],
    [1999, 2],
    [1, 3],
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
  expect(drawn).toBe(4);
  await vi.advanceTimersByTimeAsync(10_000);
  frame();
  expect(drawn).toBe(4);
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
