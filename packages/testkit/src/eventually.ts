import { setTimeout as sleep } from "node:timers/promises";

export interface Patience {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
  /** What is waited for, in words for the error. */
  readonly what?: string;
}

/**
 * The default timeout in ms. It is long, because on a busy machine a child that reads PDFs takes half a minute to
 * start. A test that measures a time passes a timeout of its own.
 */
const TIMEOUT_MS = 100_000;

/**
 * Calls `ask` until its result is truthy, and returns that result. An exception counts as a result that is not truthy.
 * @throws Error after `timeoutMs` (default: 100,000), with the last exception as its cause.
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
