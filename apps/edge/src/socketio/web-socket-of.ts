import type { Socket } from "socket.io";
import type { WebSocket } from "ws";

/**
 * The WebSocket of a Socket.IO connection; undefined for a polling connection. engine.io keeps it in a private field of
 * its transport. Only this function reads the field, and the test of a client that does not read (drain.redis.test.ts)
 * fails if the field is renamed.
 */
export function webSocketOf(
  socket: Pick<Socket, "conn">,
): Pick<WebSocket, "send" | "pause" | "resume" | "close" | "terminate"> | undefined {
  return (socket.conn.transport as unknown as { readonly socket?: WebSocket }).socket;
}
