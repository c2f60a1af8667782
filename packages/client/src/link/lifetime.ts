/** When something of the server ends: at a moment of the server's clock, and how far off that was when it was sent. */
export interface Expiring {
  readonly expiresAt: number;
  readonly expiresInMs?: number | undefined;
}

/** What an older server's token is given when this clock says that it has ended already: one of the two is wrong. */
const UNTOLD_MS = 600_000;
const EARLY_MS = 60_000;
const SHORT_LIFE_SHARE = 0.5;

/**
 * How many milliseconds are left, as the server told it. Without its duration, an older server's moment is compared with
 * this clock, which may be wrong by any amount.
 * @param now this clock, in epoch milliseconds, when the value arrived
 */
export function leftMs({ expiresAt, expiresInMs }: Expiring, now: number): number {
  return expiresInMs ?? Math.max(expiresAt - now, UNTOLD_MS);
}

/** How long before the end of something that lasts `lifeMs` it is replaced: a minute, or half of a short life. */
export function marginMs(lifeMs: number): number {
  return Math.min(EARLY_MS, lifeMs * SHORT_LIFE_SHARE);
}
