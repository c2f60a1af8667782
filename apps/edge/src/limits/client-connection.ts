/** A client connection of either kind. */
export interface ClientConnection {
  /** Asks or events that this edge has yet to answer. */
  readonly pending: number;
  /** Emits `SHUTTING_DOWN` and closes. Idempotent. */
  shutDown(): void;
}
