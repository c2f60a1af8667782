import { wireError, type ErrorCode, type WireError } from "@docrelay/protocol";
import type { Socket } from "socket.io";

/**
 * Ends a connection and says why first. `socket.conn.close()`, never `disconnect()`: that one tells clients to stay away.
 * What is still to be sent goes out before, unless the client does not read.
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
  // Everything that waits is thrown away, and an emitted packet would wait: so it goes to the WebSocket by itself, behind
  // what the network holds already.
  const { socket: wire } = socket.conn.transport as unknown as { socket?: { send(frame: string): void } };
  wire?.send(`42${JSON.stringify(["closing", error])}`);
  socket.conn.close(true);
}
