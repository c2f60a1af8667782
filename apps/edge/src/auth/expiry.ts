/** Ends a session a little after its token has expired, so that a fresh token may still arrive. */
export interface Expiry {
  /** Sets when the token in use expires, in ms since the epoch; replaces the earlier value. */
  until(expiresAt: number): void;
  stop(): void;
}

const GRACE_MS = 30_000;
/** `setTimeout` fires at once when given a longer delay. */
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
