import { setTimeout as sleep } from "node:timers/promises";

const DAY_MS = 86_400_000;

/**
 * Waits for the next day, in UTC, when this one ends within `ms`: what is counted for a day would begin anew in the middle of a
 * test. Redis has the day's end, so that no clock of a test moves it.
 */
export async function awayFromMidnight(ms = 60_000): Promise<void> {
  const left = DAY_MS - (Date.now() % DAY_MS);
  if (left < ms) await sleep(left + 100);
}
