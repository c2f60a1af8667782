import type { Identity } from "../auth/authenticator.ts";

/** A client connection of either kind. */
export interface ClientConnection {
  readonly identity: Identity;
  /** Asks without a terminal event, or client events without an acknowledgement. */
  readonly pending: number;
  /** Emits `SHUTTING_DOWN` and closes. Idempotent. */
  shutDown(): void;
  /** Ends it, since its token was revoked. Idempotent. */
  revoked(): void;
}
