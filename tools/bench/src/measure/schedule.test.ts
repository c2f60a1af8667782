import { assert, double, integer, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { nowMs } from "./clock.ts";
import { countDue, dueAt, runSchedule } from "./schedule.ts";

describe("a schedule", () => {
  it("counts an arrival as due from its moment on, and not before", () => {
    assert(
      property(integer({ min: 0, max: 100_000 }), double({ min: 0.1, max: 5000, noNaN: true }), (index, rate) => {
        const at = dueAt(index, rate);
        expect(countDue(at, rate, Infinity)).toBe(index + 1);
        expect(countDue(at - 0.01 / rate, rate, Infinity)).toBe(index);
      }),
    );
    expect(countDue(10_000, 100, 7)).toBe(7);
  });

  it("makes every arrival, in order, none before its time, also those that a blocked loop was late for", async () => {
    const seen: number[] = [];
    const early: number[] = [];
    const made = await runSchedule({ rate: 500, durationMs: 200, most: 1000 }, (index, scheduledAt) => {
      seen.push(index);
      if (nowMs() < scheduledAt) early.push(index);
      if (index === 20) for (const until = nowMs() + 50; nowMs() < until;);
    });
    expect(made).toBe(100);
    expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect(early).toEqual([]);
  });

  it("ends when it is told to, and at its most", async () => {
    expect(await runSchedule({ rate: 1000, durationMs: 60_000, most: 5 }, () => undefined)).toBe(5);
    const stop = new AbortController();
    const made = await runSchedule({ rate: 1000, durationMs: 60_000, most: 1e9, signal: stop.signal }, (index) => {
      if (index === 3) stop.abort();
    });
    expect(made).toBeLessThan(100);
  });
});
