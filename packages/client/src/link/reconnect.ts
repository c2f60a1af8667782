import { backoff, type BackoffRange } from "@docrelay/protocol";

/** Facts of the last failure: whether trying again may help, and after how many ms the server wants the next try. */
export interface Reason {
  readonly retryable: boolean;
  readonly retryAfterMs?: number | undefined;
}

/** Decides when the next connect is tried. */
export interface Reconnect {
  /**
   * Schedules the next connect: after a random wait that grows with each failure, and not before the server's
   * `retryAfterMs`. If trying again alone does not help (`retryable` is false), the waits grow up to a minute.
   */
  schedule(why: Reason | undefined): void;
  /**
   * If a connect is scheduled, connects now, but not before the time that the server asked for. Returns false if none
   * is scheduled.
   */
  hurry(): boolean;
  succeeded(): void;
  stop(): void;
}

/** The wait after the first failure and the longest wait, in ms, before a connect or a call is tried again. */
export const RETRIES: BackoffRange = { firstMs: 200, longestMs: 5000 };
const HOPELESS: BackoffRange = { firstMs: 200, longestMs: 60_000 };
const MAX_ASKED_MS = 60_000;
const AT_ONCE_MS = 50;

export function createReconnect(connect: () => void): Reconnect {
  let failures = 0;
  let notBefore = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function wait(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = undefined;
      connect();
    }, ms);
  }
  return {
    schedule(why) {
      const asked = Math.min(why?.retryAfterMs ?? 0, MAX_ASKED_MS);
      notBefore = performance.now() + asked;
      // A server that sends a `retryAfterMs` of 0 closes its sockets one after another, over some time. So clients need
      // not spread their reconnects as well, which would only make them wait longer.
      const spread = why?.retryAfterMs === 0 && failures === 0;
      const range = why?.retryable === false ? HOPELESS : RETRIES;
      const own = spread ? Math.random() * AT_ONCE_MS : backoff(failures, range, Math.random());
      failures++;
      wait(Math.max(asked, own));
    },
    hurry() {
      if (timer === undefined) return false;
      failures = 0;
      wait(Math.max(0, notBefore - performance.now()));
      return true;
    },
    succeeded: () => void (failures = 0),
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
