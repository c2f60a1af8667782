import type { Socket } from "socket.io";

/** An empty object that all connections share. */
const NOTHING = Object.freeze({});

/**
 * Releases the HTTP request of an admitted connection, with its headers and token. The library keeps the request in
 * `handshake` as long as the connection lasts: a quarter of the memory of an idle connection. Only the network socket
 * is kept, because the count of buffered bytes needs it. A polling connection has a new request for each poll, so it is
 * not changed. Source: https://socket.io/docs/v4/memory-usage/ ("discard the HTTP request"). The library keeps the
 * request in one more place: see `upgradeTo`.
 */
export function releaseHandshake(socket: Socket): void {
  const { conn, handshake } = socket;
  if (conn.transport.name !== "websocket") return;
  const { socket: wire } = conn.request;
  Object.assign(conn, { request: { socket: wire, headers: NOTHING } });
  Object.assign(handshake, { headers: NOTHING, auth: NOTHING, query: NOTHING, time: "", url: "" });
}
