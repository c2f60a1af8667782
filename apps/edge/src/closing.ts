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
  socket.emit("closing", wireError(code, more));
  socket.conn.close(code === "SLOW_CONSUMER");
}
