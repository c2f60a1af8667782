import { wireError, type ErrorCode, type WireError } from "@docrelay/protocol";
import type { Socket } from "socket.io";
import { webSocketOf } from "./web-socket-of.ts";

/**
 * Emits `closing` with the reason, then closes the connection. It calls `socket.conn.close()`, because `disconnect()`
 * would tell the client not to reconnect. Waiting packets are sent first; those of a client that does not read are
 * dropped.
 */
export function endConnection(
  socket: Socket,
  code: ErrorCode,
  more?: Partial<Omit<WireError, "code" | "retryable">>,
): void {
  const error = wireError(code, more);
  if (code !== "SLOW_CONSUMER") {
    socket.emit("closing", error);
    socket.conn.close();
    return;
  }
  // The waiting packets of a client that does not read are dropped, and an emitted `closing` would be dropped with
  // them. So the frame of `closing` is written to the WebSocket directly, behind the bytes that the WebSocket already
  // has.
  webSocketOf(socket)?.send(`42${JSON.stringify(["closing", error])}`);
  socket.conn.close(true);
}
