import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { startStopwatch } from "./stopwatch.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("a process's processor time is read once in each of its steps of 10 ms", () => {
  let [used, reads] = [100, 0];
  const worked = startStopwatch({
    cpuMs: () => {
      reads++;
      return used;
    },
  });
  used = 130;
  for (let report = 0; report < 50; report++) worked();
  expect(reads).toBe(1);
  vi.advanceTimersByTime(10);
  expect([worked(), worked(), reads]).toEqual([30, 30, 2]);
});

it("without processor time, the clock counts", () => {
  const worked = startStopwatch({ cpuMs: () => Number.NaN });
  vi.advanceTimersByTime(25);
  expect(worked()).toBe(25);
});

it("after the end of the process, the last value counts", () => {
  let used = 40;
  const worked = startStopwatch({ cpuMs: () => used });
  used = 90;
  vi.advanceTimersByTime(20);
  expect(worked()).toBe(50);
  used = Number.NaN;
  vi.advanceTimersByTime(20);
  expect(worked()).toBe(50);
});
