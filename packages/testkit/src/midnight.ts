import { setTimeout as sleep } from "node:timers/promises";

const DAY_MS = 86_400_000;

/**
 * If the current day (UTC) ends within `ms`, waits for the next day. Otherwise midnight might come in the middle of a
 * test, and daily counts would begin anew. Redis decides when the day ends, so a fake clock in the test would not help.
 */
export async function awayFromMidnight(ms = 60_000): Promise<void> {
  const left = DAY_MS - (Date.now() % DAY_MS);
  if (left < ms) await sleep(left + 100);
}
