import { setTimeout as wait } from "node:timers/promises";

/** Waits; not at all for 0 ms. */
export async function sleep(ms: number): Promise<void> {
  if (ms > 0) await wait(ms);
}
