/** A client connection of either kind. */
export interface ClientConnection {
  /** Asks without a terminal event, or client events without an acknowledgement. */
  readonly pending: number;
  /** Emits `SHUTTING_DOWN` and closes. Idempotent. */
  shutDown(): void;
}
