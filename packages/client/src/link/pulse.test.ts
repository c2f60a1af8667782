import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createPulse } from "./pulse.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watch(drainMs = 0) {
  const seen = { asked: 0, dead: 0 };
  const pulse = createPulse({
    ask: () => void seen.asked++,
    dead: () => void seen.dead++,
    drainMs: () => drainMs,
    patienceMs: 2000,
  });
  return { seen, pulse };
}

describe("a socket", () => {
  test("is asked when an answer is late, and dead without a sign of life", () => {
    const { seen, pulse } = watch();
    pulse.sent(0);
    vi.advanceTimersByTime(1999);
    expect(seen).toEqual({ asked: 0, dead: 0 });
    vi.advanceTimersByTime(1);
    expect(seen).toEqual({ asked: 1, dead: 0 });
    vi.advanceTimersByTime(2000);
    expect(seen).toEqual({ asked: 1, dead: 1 });
  });
  test("that says anything is alive, and is asked more seldom while its answer is late", () => {
    const { seen, pulse } = watch();
    const answered = pulse.sent(0);
    for (const waitMs of [2000, 4000, 8000, 16_000, 16_000]) {
      vi.advanceTimersByTime(waitMs);
      pulse.heard();
    }
    expect(seen).toEqual({ asked: 5, dead: 0 });
    answered();
    vi.advanceTimersByTime(600_000);
    expect(seen).toEqual({ asked: 5, dead: 0 });
  });
  test("may hold some answers longer, and takes its time for what was sent before", () => {
    const { seen, pulse } = watch(4000);
    pulse.sent(10_000);
    vi.advanceTimersByTime(2000 + 4000 + 10_000 + 3999);
    expect(seen).toEqual({ asked: 1, dead: 0 });
    vi.advanceTimersByTime(1);
    expect(seen.dead).toBe(1);
  });
  test("is asked once by any number of doubts, and not at all when nobody doubts", () => {
    const { seen, pulse } = watch();
    vi.advanceTimersByTime(600_000);
    pulse.doubt();
    pulse.doubt();
    expect(seen).toEqual({ asked: 1, dead: 0 });
    pulse.heard();
    vi.advanceTimersByTime(600_000);
    expect(seen).toEqual({ asked: 1, dead: 0 });
    pulse.doubt();
    pulse.stop();
    vi.advanceTimersByTime(600_000);
    expect(seen.dead).toBe(0);
  });
});
