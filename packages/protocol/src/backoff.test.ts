import fc from "fast-check";
import { expect, test } from "vitest";
import { backoff } from "./backoff.ts";

const range = fc
  .record({ firstMs: fc.integer({ min: 1, max: 5000 }), factor: fc.integer({ min: 1, max: 1000 }) })
  .map(({ firstMs, factor }) => ({ firstMs, longestMs: firstMs * factor }));
const random = fc.double({ min: 0, max: 1, noNaN: true });
// More retries than a process ever makes: 2 ** 5000 is Infinity.
const tries = fc.integer({ min: 0, max: 5000 });

test("a wait is between half of the longest allowed at this retry and all of it", () => {
  fc.assert(
    fc.property(tries, range, random, (n, within, chance) => {
      const ms = backoff(n, within, chance);
      expect(ms).toBeLessThanOrEqual(within.longestMs);
      expect(ms).toBeGreaterThanOrEqual(within.firstMs / 2);
      const full = backoff(n, within, 1);
      expect(ms).toBeGreaterThanOrEqual(full / 2);
      expect(ms).toBeLessThanOrEqual(full);
    }),
  );
});

test("without jitter a wait doubles until it is the longest, and stays there", () => {
  fc.assert(
    fc.property(tries, range, (n, within) => {
      const [now, next] = [backoff(n, within, 1), backoff(n + 1, within, 1)];
      expect(next).toBe(Math.min(now * 2, within.longestMs));
    }),
  );
  expect([0, 1, 2, 3, 4, 5].map((n) => backoff(n, { firstMs: 200, longestMs: 2000 }, 1))).toEqual([
    200, 400, 800, 1600, 2000, 2000,
  ]);
});

test("the whole upper half is used", () => {
  const within = { firstMs: 100, longestMs: 1000 };
  expect([0, 0.5, 1].map((chance) => backoff(1, within, chance))).toEqual([100, 150, 200]);
});
