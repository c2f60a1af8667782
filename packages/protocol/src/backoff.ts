export interface BackoffRange {
  readonly firstMs: number;
  readonly longestMs: number;
}

/**
 * Milliseconds to wait before the next retry: `firstMs` before the first retry, doubled for each further one, up to
 * `longestMs`. The upper half is random, so that processes that failed together do not retry together.
 * @param tries retries so far, from 0.
 * @param random in 0..1; a constant 1 means no jitter.
 */
export function backoff(tries: number, { firstMs, longestMs }: BackoffRange, random: number): number {
  return Math.min(firstMs * 2 ** Math.max(0, tries), longestMs) * (0.5 + random / 2);
}
