/**
 * When a token or session ends. `expiresAt`: by the server's clock, in ms since the epoch. `expiresInMs`: how many ms
 * were left when the server sent the message; older servers do not send this field.
 */
export interface Expiring {
  readonly expiresAt: number;
  readonly expiresInMs?: number | undefined;
}

/**
 * A token that came without `expiresInMs`, from an older server, counts as valid for at least this many ms: if this
 * client's clock is wrong, a valid token's `expiresAt` may seem to have passed.
 */
const UNTOLD_MS = 600_000;
const EARLY_MS = 60_000;
const SHORT_LIFE_SHARE = 0.5;

/**
 * Returns how many ms are left, by the server's `expiresInMs`. An older server sends only `expiresAt`. That time is
 * compared with this client's clock, which may be wrong by any amount.
 * @param now the time of this client's clock when the value arrived, in ms since the epoch
 */
export function leftMs({ expiresAt, expiresInMs }: Expiring, now: number): number {
  return expiresInMs ?? Math.max(expiresAt - now, UNTOLD_MS);
}

/**
 * Returns how many ms before its end a token or session that lasts `lifeMs` is replaced: a minute, or half of `lifeMs`
 * if that is less.
 */
export function marginMs(lifeMs: number): number {
  return Math.min(EARLY_MS, lifeMs * SHORT_LIFE_SHARE);
}
