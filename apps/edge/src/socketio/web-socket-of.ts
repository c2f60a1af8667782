import type { WebSocket } from "ws";

/**
 * Returns the WebSocket of a Socket.IO connection; undefined for a polling connection. engine.io keeps it in a private
 * field of its transport. Only this function reads the field. If a version of engine.io renames the field, a test in
 * drain.redis.test.ts fails: the test of a client that does not read.
 */
export function webSocketOf(socket: {
  readonly conn: { readonly transport: unknown };
}): Pick<WebSocket, "on" | "send" | "pause" | "resume" | "close" | "terminate"> | undefined {
  return (socket.conn.transport as { readonly socket?: WebSocket }).socket;
}
