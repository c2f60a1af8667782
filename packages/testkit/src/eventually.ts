import { setTimeout as sleep } from "node:timers/promises";

export interface Patience {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
  /** What is waited for, for the error. */
  readonly what?: string;
}

/** Long enough for a machine that does much else: there a child that reads PDFs takes half a minute to start. A test of a time states it. */
const TIMEOUT_MS = 100_000;

/**
 * Asks until the answer is truthy and returns it; a throw counts as "not yet".
 * @throws Error after `timeoutMs` (default 100,000), with the last throw as its cause.
 */
export async function eventually<T>(ask: () => T | Promise<T>, patience: Patience = {}): Promise<NonNullable<T>> {
  const { timeoutMs = TIMEOUT_MS, everyMs = 20, what = "it" } = patience;
  const end = performance.now() + timeoutMs;
  let last: unknown;
  do {
    try {
      const answer = await ask();
      if (answer) return answer;
      last = undefined;
    } catch (error) {
      last = error;
    }
    await sleep(everyMs);
  } while (performance.now() < end);
  throw new Error(`${what} did not happen within ${timeoutMs} ms`, { cause: last });
}
