import { backoff, type BackoffRange, type WireError } from "@docrelay/protocol";

/** Decides when the next connect is tried. */
export interface Reconnect {
  /** Connects later: longer after each failure, at random, and not before the server's `retryAfterMs`. */
  schedule(why: WireError | undefined): void;
  succeeded(): void;
  stop(): void;
}

/** The waits before a connect or a call is tried again. */
export const RETRIES: BackoffRange = { firstMs: 200, longestMs: 5000 };
const LONGEST_ASKED_MS = 60_000;
const AT_ONCE_MS = 50;

export function createReconnect(connect: () => void): Reconnect {
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    schedule(why) {
      clearTimeout(timer);
      const asked = Math.min(why?.retryAfterMs ?? 0, LONGEST_ASKED_MS);
      // A server that says 0 closes its sockets spread over time itself: a longer wait here would only add to the gap.
      const spread = why?.retryAfterMs === 0 && failures === 0;
      const own = spread ? Math.random() * AT_ONCE_MS : backoff(failures, RETRIES, Math.random());
      failures++;
      timer = setTimeout(connect, Math.max(asked, own));
    },
    succeeded: () => void (failures = 0),
    stop: () => clearTimeout(timer),
  };
}
