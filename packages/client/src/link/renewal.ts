import { marginMs } from "./lifetime.ts";
import type { TokenSource } from "./session.ts";

/** Renews the token of a living connection before it expires. */
export interface Renewal {
  /**
   * Schedules a renewal before `leftMs` have passed: earlier by a tenth of `leftMs`, but by at least a minute and at
   * most half of `leftMs`.
   */
  schedule(leftMs: number): void;
  /** Renews now. While one renewal runs, a second does nothing. */
  now(): Promise<void>;
  stop(): void;
}

const EARLY_SHARE = 0.1;
/** The shortest time between renewals, even if the server reports that no time is left. */
const MIN_MS = 1000;
/** `setTimeout` fires at once for longer waits. */
const MAX_MS = 2 ** 31 - 1;
const AFTER_FAILURE_MS = 120_000;

/** @param refresh sends a token to the server, and returns how long it is valid, in ms */
export function createRenewal(tokens: TokenSource, refresh: (token: string) => Promise<number>): Renewal {
  let running = false;
  let stopped = true;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function schedule(leftMs: number): void {
    stopped = false;
    clearTimeout(timer);
    const waitMs = Math.max(leftMs - Math.max(leftMs * EARLY_SHARE, marginMs(leftMs)), MIN_MS);
    timer = setTimeout(() => void now(), Math.min(waitMs, MAX_MS));
  }
  async function now(): Promise<void> {
    if (running) return;
    running = true;
    try {
      tokens.renew();
      const leftMs = await refresh(await tokens.token());
      if (!stopped) schedule(leftMs);
    } catch {
      // The token was refused, for example because it belongs to another user: the connection ends with its old token,
      // and the next one uses the new token.
      if (!stopped) schedule(AFTER_FAILURE_MS);
    } finally {
      running = false;
    }
  }
  return {
    schedule,
    now,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
