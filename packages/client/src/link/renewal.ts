import { marginMs } from "./lifetime.ts";
import type { TokenSource } from "./session.ts";

/** Renews the token of a connection before the token expires. */
export interface Renewal {
  /**
   * Schedules the renewal of a token that is still valid for `leftMs`: a tenth of `leftMs` before the token's end, but
   * at least a minute before it. If `leftMs` is less than two minutes, the token is renewed after half of it.
   */
  schedule(leftMs: number): void;
  /** Renews the token now. While a renewal runs, a second call does nothing. */
  now(): Promise<void>;
  stop(): void;
}

const EARLY_SHARE = 0.1;
/** At least this many ms are between two renewals, even if the server reports that no time is left. */
const MIN_MS = 1000;
/** The longest wait in ms for which `setTimeout` works; with a longer one it fires at once. */
const MAX_MS = 2 ** 31 - 1;
const AFTER_FAILURE_MS = 120_000;

/** @param refresh sends a token to the server, and resolves with how many ms it is valid */
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
      // The renewal failed, for example because the server refused the token of another user. The connection goes on
      // with its old token, and another renewal is tried after a minute.
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
