/** Waits `ms` milliseconds. @throws the signal's reason when it is aborted meanwhile. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    if (signal?.aborted) return abort();
    signal?.addEventListener("abort", abort, { once: true });
  });
}

const FIRST_MS = 200;
const LONGEST_MS = 5000;

/** Milliseconds before try number `tries` (from 0): twice as long each time, up to 5 s, the upper half of it at random. */
export function backoffMs(tries: number): number {
  return Math.min(FIRST_MS * 2 ** tries, LONGEST_MS) * (0.5 + Math.random() / 2);
}
