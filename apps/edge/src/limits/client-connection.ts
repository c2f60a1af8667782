import type { Identity } from "../auth/authenticator.ts";

/** A client connection of either kind: Socket.IO or plain. */
export interface ClientConnection {
  readonly identity: Identity;
  /** Asks without a terminal event, or client events without an acknowledgement. */
  readonly pending: number;
  /** Sends `SHUTTING_DOWN` and closes the connection. Idempotent. */
  shutDown(): void;
  /** Ends the connection, because its token was revoked. Idempotent. */
  revoked(): void;
}
