/** The longest delay that `setTimeout` accepts; a timer with a longer delay fires at once. */
const MAX_TIMER_MS = 2_147_483_647;
const GRACE_MS = 30_000;

/**
 * Calls `onExpired` half a minute after a connection's token has expired, so that the client can still send a fresh
 * token. It is a class because each connection has one, and methods, unlike closures, cost an idle connection no
 * memory.
 */
export class Expiry {
  readonly #onExpired: () => void;
  #expiresAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(onExpired: () => void) {
    this.#onExpired = onExpired;
  }

  /**
   * Sets when the connection's current token expires, in ms since the epoch. Must be called again for each fresh token.
   */
  until(expiresAt: number): void {
    this.#expiresAt = expiresAt;
    this.#wait();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(): void {
    clearTimeout(this.#timer);
    const left = Math.max(0, this.#expiresAt + GRACE_MS - Date.now());
    this.#timer = setTimeout(Expiry.#wake, Math.min(left, MAX_TIMER_MS), this);
    this.#timer.unref();
  }

  static #wake(this: void, expiry: Expiry): void {
    if (Date.now() < expiry.#expiresAt + GRACE_MS) expiry.#wait();
    else expiry.#onExpired();
  }
}
