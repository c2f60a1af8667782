export interface BackoffRange {
  readonly firstMs: number;
  readonly longestMs: number;
}

/**
 * Returns how many ms to wait before the next retry. The full wait is `firstMs` before the first retry, and twice as
 * long before each further retry, up to `longestMs`. The result is a random time between half of the full wait and the
 * full wait, so that processes that failed together do not retry together.
 * @param tries how many retries were made so far.
 * @param random from 0 to 1; a constant 1 always gives the full wait.
 */
export function backoff(tries: number, { firstMs, longestMs }: BackoffRange, random: number): number {
  return Math.min(firstMs * 2 ** Math.max(0, tries), longestMs) * (0.5 + random / 2);
}
