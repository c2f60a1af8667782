import type { EngineError } from "@docrelay/engine";
import { backoff } from "@docrelay/protocol";

/** How long the engine has not taken one call. Times in ms. */
export interface Away {
  /** When it first refused; undefined: it did not. */
  readonly since: number | undefined;
  readonly tries: number;
}

export const NOT_AWAY: Away = { since: undefined, tries: 0 };

const PAUSE_MS = { firstMs: 100, longestMs: 2000 };

/**
 * What to do when the engine did not take a call; pure. A connection that did not open, or an engine that says that it is
 * restarting or busy, has cost nothing: it is tried again until `longestMs` are over, with growing pauses that are never
 * shorter than the engine asks for. `begunAt`: when the call that failed began. Undefined: it has been away for too long, or says that it will be.
 */
export function waitForEngine(
  { since, tries }: Away,
  { retryAfterMs = 0 }: Pick<EngineError, "retryAfterMs">,
  { begunAt, now, longestMs, random }: { begunAt: number; now: number; longestMs: number; random: number },
): { away: Away & { since: number }; pauseMs: number } | undefined {
  const begun = since ?? begunAt;
  const left = begun + longestMs - now;
  if (left <= 0 || retryAfterMs > left) return undefined;
  // The last try comes at the end of the time, not after it.
  const pauseMs = Math.min(left, Math.max(retryAfterMs, backoff(tries, PAUSE_MS, random)));
  return { away: { since: begun, tries: tries + 1 }, pauseMs };
}
