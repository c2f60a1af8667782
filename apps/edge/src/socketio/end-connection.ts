import { wireError, type ErrorCode, type WireError } from "@docrelay/protocol";
import type { Socket } from "socket.io";
import { webSocketOf } from "./web-socket-of.ts";

/**
 * Emits `closing` with the reason, then ends the connection: by `socket.conn.close()`, since `disconnect()` tells clients
 * not to reconnect. Packets that wait are sent before, except to a client that does not read.
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
  // The packets that wait are dropped, and an emitted one would be among them: this frame goes to the WebSocket directly,
  // behind what the network holds already.
  webSocketOf(socket)?.send(`42${JSON.stringify(["closing", error])}`);
  socket.conn.close(true);
}
