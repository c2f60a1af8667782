import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { leftMs } from "./lifetime.ts";
import { createRenewal } from "./renewal.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const tokens = { user: "", token: async () => "token", renew: () => undefined };

test.each([
  ["a tenth before its end", 7 * DAY, 0.9 * 7 * DAY],
  ["a minute before it, when that is more", 5 * MINUTE, 4 * MINUTE],
  ["in the middle of a short life", 30_000, 15_000],
  ["a second later, when nothing is left", 0, 1000],
])("a token is renewed %s", async (_name, life, due) => {
  let refreshed = 0;
  const renewal = createRenewal(tokens, async () => {
    refreshed++;
    return DAY;
  });
  renewal.schedule(life);
  await vi.advanceTimersByTimeAsync(due - 1);
  expect(refreshed).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(refreshed).toBe(1);
  renewal.stop();
});

test("a token of a year is not renewed in the first weeks", async () => {
  let refreshed = 0;
  const renewal = createRenewal(tokens, async () => ++refreshed);
  renewal.schedule(365 * DAY);
  await vi.advanceTimersByTimeAsync(20 * DAY);
  expect(refreshed).toBe(0);
  renewal.stop();
});

test("a server that tells moments only is asked every nine minutes at most, whatever this clock says", () => {
  const now = 1_700_000_000_000;
  expect(leftMs({ expiresAt: now - 8 * DAY }, now)).toBe(10 * MINUTE);
  expect(leftMs({ expiresAt: now + HOUR }, now)).toBe(HOUR);
  expect(leftMs({ expiresAt: now - 8 * DAY, expiresInMs: HOUR }, now)).toBe(HOUR);
});
