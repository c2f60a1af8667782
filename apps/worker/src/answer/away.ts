import type { EngineError } from "@docrelay/engine";
import { backoff } from "@docrelay/protocol";

/** For how long the engine has not accepted a call, and how often the call was tried. Times are in ms. */
export interface Away {
  /** When the first try that was not accepted began; undefined if there was none. */
  readonly since: number | undefined;
  readonly tries: number;
}

export const NOT_AWAY: Away = { since: undefined, tries: 0 };

const PAUSE_MS = { firstMs: 100, longestMs: 2000 };

/**
 * Decides what to do when the engine did not accept a call, because no connection opened or because the engine reports
 * that it restarts or is busy. Such a call has cost nothing, so it is repeated until `longestMs` are over, after
 * growing pauses that are never shorter than the engine demands. `begunAt`: when the failed try began. Returns
 * undefined if the engine has been away, or says that it will be away, for longer than `longestMs`.
 */
export function waitForEngine(
  { since, tries }: Away,
  { retryAfterMs = 0 }: Pick<EngineError, "retryAfterMs">,
  { begunAt, now, longestMs, random }: { begunAt: number; now: number; longestMs: number; random: number },
): { away: Away & { since: number }; pauseMs: number } | undefined {
  const begun = since ?? begunAt;
  const left = begun + longestMs - now;
  if (left <= 0 || retryAfterMs > left) return undefined;
  // The last try is made when `longestMs` are over, not later.
  const pauseMs = Math.min(left, Math.max(retryAfterMs, backoff(tries, PAUSE_MS, random)));
  return { away: { since: begun, tries: tries + 1 }, pauseMs };
}
