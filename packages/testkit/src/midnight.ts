import { setTimeout as sleep } from "node:timers/promises";

const DAY_MS = 86_400_000;

/**
 * If the current day (UTC) ends within `ms`, waits for the next day, because a test's daily counts would start again at
 * midnight. Redis decides when the day ends, so a fake clock in the test does not help.
 */
export async function awayFromMidnight(ms = 60_000): Promise<void> {
  const left = DAY_MS - (Date.now() % DAY_MS);
  if (left < ms) await sleep(left + 100);
}
