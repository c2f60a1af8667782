/** The longest delay: `setTimeout` fires at once when given a longer one. */
const MAX_TIMER_MS = 2_147_483_647;
const GRACE_MS = 30_000;

/**
 * Ends a session a little after its token has expired, so that a fresh token may still arrive. A class, since each
 * connection has one: methods cost an idle connection no memory.
 */
export class Expiry {
  readonly #onExpired: () => void;
  #expiresAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(onExpired: () => void) {
    this.#onExpired = onExpired;
  }

  /** Sets when the token in use expires, in ms since the epoch; replaces the earlier value. */
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
