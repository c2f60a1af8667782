import type { Identity } from "../auth/authenticator.ts";

/** A client connection of any kind: Socket.IO, a plain socket, or an HTTP request. */
export interface ClientConnection {
  readonly identity: Identity;
  /**
   * How much unfinished work the connection has: client events without an acknowledgement (Socket.IO), asks without a
   * terminal event (plain sockets), or 1 for an HTTP request.
   */
  readonly pending: number;
  /** Ends the connection with `SHUTTING_DOWN`, because the edge stops. Idempotent. */
  shutDown(): void;
  /** Ends the connection, because its user or its token was revoked. Idempotent. */
  revoked(): void;
}
