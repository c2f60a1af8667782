import type { TokenSource } from "./session.ts";

/** Renews the token of a living connection before it expires. */
export interface Renewal {
  /** Renews some time before `expiresAt` (epoch milliseconds): a tenth of the time left, at least a minute. */
  schedule(expiresAt: number): void;
  /** Renews now. While one renewal runs, a second does nothing. */
  now(): Promise<void>;
  stop(): void;
}

const EARLY_MS = 60_000;
const SOONEST_MS = 1000;
/** `setTimeout` fires at once for longer waits. */
const LONGEST_MS = 2 ** 31 - 1;
const AFTER_FAILURE_MS = 120_000;

/** `refresh` gives a token to the server, and returns until when it holds. */
export function createRenewal(tokens: TokenSource, refresh: (token: string) => Promise<number>): Renewal {
  let running = false;
  let stopped = true;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function schedule(expiresAt: number): void {
    stopped = false;
    clearTimeout(timer);
    const leftMs = expiresAt - Date.now();
    const waitMs = Math.max(leftMs - Math.max(leftMs / 10, EARLY_MS), SOONEST_MS);
    timer = setTimeout(() => void now(), Math.min(waitMs, LONGEST_MS));
  }
  async function now(): Promise<void> {
    if (running) return;
    running = true;
    try {
      tokens.renew("expiring");
      const expiresAt = await refresh(await tokens.token());
      if (!stopped) schedule(expiresAt);
    } catch {
      // Refused, for example as another user's token: the connection ends with its old token, and the next one uses this.
      if (!stopped) schedule(Date.now() + AFTER_FAILURE_MS);
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
