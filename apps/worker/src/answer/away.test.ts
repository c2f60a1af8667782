import { describe, expect, it } from "vitest";
import { NOT_AWAY, waitForEngine, type Away } from "./away.ts";

/** Returns when the tries after the first one begin, in ms since the first try was refused. */
function tries(longestMs: number, retryAfterMs: number | undefined, random: number): number[] {
  const times: number[] = [];
  let away: Away = NOT_AWAY;
  for (let now = 1000; times.length < 1000;) {
    const step = waitForEngine(away, { retryAfterMs }, { begunAt: now, now, longestMs, random });
    if (!step) break;
    now += step.pauseMs;
    times.push(now - 1000);
    away = step.away;
  }
  return times;
}

describe("an engine that is away", () => {
  it.each([0, 0.5, 1])(
    "is tried with pauses that grow to two seconds, until the end of the time (random %d)",
    (random) => {
      const times = tries(30_000, undefined, random);
      const pauses = times.map((time, index) => time - (times[index - 1] ?? 0));
      expect(pauses[0]).toBeLessThanOrEqual(100);
      expect(Math.max(...pauses)).toBeLessThanOrEqual(2000);
      expect(times.at(-1)).toBe(30_000);
      expect(times.length).toBeLessThan(70);
      // An engine that is back after three seconds is called within two more seconds.
      expect(times.some((time) => time >= 3000 && time <= 5000)).toBe(true);
    },
  );

  it("is left alone for as long as it asks, and given up at once if that is too long", () => {
    expect(tries(30_000, 7000, 0.5)[0]).toBe(7000);
    expect(tries(30_000, 31_000, 0.5)).toEqual([]);
  });

  it("is not waited for without any time", () => expect(tries(0, undefined, 0.5)).toEqual([]));
});
