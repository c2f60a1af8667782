/** The end of a token or session: as a time of the server's clock, and as the duration left when it was sent. */
export interface Expiring {
  readonly expiresAt: number;
  readonly expiresInMs?: number | undefined;
}

/** The assumed lifetime of an older server's token that has expired by this clock: one of the two clocks is wrong. */
const UNTOLD_MS = 600_000;
const EARLY_MS = 60_000;
const SHORT_LIFE_SHARE = 0.5;

/**
 * Returns how many milliseconds are left, by the server's duration. An older server sends only a time, which is
 * compared with this clock, although that may be wrong by any amount.
 * @param now this clock, in epoch milliseconds, when the value arrived
 */
export function leftMs({ expiresAt, expiresInMs }: Expiring, now: number): number {
  return expiresInMs ?? Math.max(expiresAt - now, UNTOLD_MS);
}

/** How long before its end something that lasts `lifeMs` is replaced: a minute, or half of a short life. */
export function marginMs(lifeMs: number): number {
  return Math.min(EARLY_MS, lifeMs * SHORT_LIFE_SHARE);
}
