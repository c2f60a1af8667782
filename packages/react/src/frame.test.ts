import { expect, it, vi } from "vitest";
import { createFrame } from "./frame.ts";

it("runs everything once with the next frame, and the next time with another one", () => {
  const frames: Array<() => void> = [];
  const frame = createFrame({
    requestAnimationFrame: (run) => frames.push(run),
  });
  const runs: string[] = [];
  const one = (): void => void runs.push("one");
  frame(one);
  frame(() => runs.push("two"));
  frame(one);
  expect([frames.length, runs]).toEqual([1, []]);
  frames[0]?.();
  expect(runs).toEqual(["one", "two"]);
  frame(one);
  expect(frames).toHaveLength(2);
  frames[1]?.();
  expect(runs).toEqual(["one", "two", "one"]);
});

it("a page that draws no frames, and a place without any, run it all the same", ({ onTestFinished }) => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const pages = [{ requestAnimationFrame: () => 7 }, {}];
  for (const page of pages) {
    const run = vi.fn();
    createFrame(page)(run);
    vi.advanceTimersByTime(1000);
    expect(run).toHaveBeenCalledTimes(1);
  }
});
