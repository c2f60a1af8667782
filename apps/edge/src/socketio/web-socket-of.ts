import type { Socket } from "socket.io";
import type { WebSocket } from "ws";

/**
 * Returns the WebSocket of a Socket.IO connection; undefined for a polling connection. The library (engine.io) keeps it
 * in a private field of its transport. Only this function reads the field; a test in drain.redis.test.ts, of a client
 * that does not read, fails if the library renames it.
 */
export function webSocketOf(
  socket: Pick<Socket, "conn">,
): Pick<WebSocket, "send" | "pause" | "resume" | "close" | "terminate"> | undefined {
  return (socket.conn.transport as unknown as { readonly socket?: WebSocket }).socket;
}
