/** Ends what a token allows: not when it runs out but a little later, so that a fresh one may still come. */
export interface Expiry {
  /** The token in use runs out then, in ms since the epoch; replaces what was said before. */
  until(expiresAt: number): void;
  stop(): void;
}

const GRACE_MS = 30_000;
/** A longer timer would fire at once. */
const MAX_TIMER_MS = 2_147_483_647;

export function createExpiry(onExpired: () => void): Expiry {
  let timer: NodeJS.Timeout | undefined;
  const until = (expiresAt: number): void => {
    clearTimeout(timer);
    const left = Math.max(0, expiresAt + GRACE_MS - Date.now());
    const wake = left > MAX_TIMER_MS ? () => until(expiresAt) : onExpired;
    timer = setTimeout(wake, Math.min(left, MAX_TIMER_MS));
    timer.unref();
  };
  return { until, stop: () => clearTimeout(timer) };
}
