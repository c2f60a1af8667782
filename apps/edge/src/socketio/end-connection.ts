import { wireError, type ErrorCode, type WireError } from "@docrelay/protocol";
import type { Socket } from "socket.io";
import { webSocketOf } from "./web-socket-of.ts";

/**
 * Emits `closing` with the reason, then ends the connection: by `socket.conn.close()`, since `disconnect()` asks
 * clients not to reconnect. Packets that wait are sent before, except to a client that does not read.
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
  // Waiting packets are dropped, and an emitted one would be dropped with them: this frame is written to the WebSocket
  // directly, behind the bytes that are in the network already.
  webSocketOf(socket)?.send(`42${JSON.stringify(["closing", error])}`);
  socket.conn.close(true);
}
