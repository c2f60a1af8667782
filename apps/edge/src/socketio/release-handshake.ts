import type { Socket } from "socket.io";

/**
 * Lets go of what an admitted connection was asked for with: its HTTP request, headers and token. The library keeps them
 * as long as the connection, for `handshake`, and they are a quarter of what an idle one costs. Only the network socket
 * stays, for whoever wants to know what is buffered. A polling connection gets a new request with each poll: it is left
 * as it is.
 * Source: https://socket.io/docs/v4/memory-usage/ ("discard the HTTP request").
 */
export function releaseHandshake(socket: Socket): void {
  const { conn, handshake } = socket;
  if (conn.transport.name !== "websocket") return;
  const { socket: wire } = conn.request;
  Object.assign(conn, { request: { socket: wire, headers: {} } });
  Object.assign(handshake, { headers: {}, auth: {}, query: {} });
}
