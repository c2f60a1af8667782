import { wireError, type ErrorCode, type WireError } from "@docrelay/protocol";
import type { Socket } from "socket.io";
import { webSocketOf } from "./web-socket-of.ts";

/**
 * Emits `closing` with the reason, then ends the connection with `socket.conn.close()`, because `disconnect()` tells
 * clients not to reconnect. Waiting packets are sent first, except to a client that does not read.
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
  // For a client that does not read, waiting packets are dropped, and an emitted `closing` would be dropped with them.
  // So this frame is written to the WebSocket directly, behind the bytes that the network already has.
  webSocketOf(socket)?.send(`42${JSON.stringify(["closing", error])}`);
  socket.conn.close(true);
}
