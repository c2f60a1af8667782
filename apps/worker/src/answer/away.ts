import type { EngineError } from "@docrelay/engine";
import { backoff } from "@docrelay/protocol";

/** The time for which the engine has refused one call. Times in ms. */
export interface Away {
  /** When the engine first refused; undefined if it has not. */
  readonly since: number | undefined;
  readonly tries: number;
}

export const NOT_AWAY: Away = { since: undefined, tries: 0 };

const PAUSE_MS = { firstMs: 100, longestMs: 2000 };

/**
 * Decides what to do when the engine did not accept a call; pure. If no connection opened, or the engine reports that
 * it restarts or is busy, the call has cost nothing. So the call is repeated until `longestMs` are over, with growing
 * pauses that are never shorter than the engine asks for. `begunAt`: when the failed call began. Returns undefined when
 * the engine has been away, or announces to be away, for too long.
 */
export function waitForEngine(
  { since, tries }: Away,
  { retryAfterMs = 0 }: Pick<EngineError, "retryAfterMs">,
  { begunAt, now, longestMs, random }: { begunAt: number; now: number; longestMs: number; random: number },
): { away: Away & { since: number }; pauseMs: number } | undefined {
  const begun = since ?? begunAt;
  const left = begun + longestMs - now;
  if (left <= 0 || retryAfterMs > left) return undefined;
  // The last retry is made when the time ends, not later.
  const pauseMs = Math.min(left, Math.max(retryAfterMs, backoff(tries, PAUSE_MS, random)));
  return { away: { since: begun, tries: tries + 1 }, pauseMs };
}
