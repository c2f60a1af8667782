import type { Socket } from "socket.io";

/** An empty object that all connections share, so that not each of them needs memory for one. */
const NOTHING = Object.freeze({});

/**
 * Frees the memory of the HTTP request that opened an admitted connection, with its headers and token. Socket.IO would
 * keep the request as long as the connection lasts: a quarter of the memory of an idle connection. Only the network
 * socket is kept, because the count of waiting bytes needs it. A polling connection has a new request for each poll, so
 * it is left as it is. Source: https://socket.io/docs/v4/memory-usage/ ("discard the HTTP request"). `upgradeTo` frees
 * one more reference to the request.
 */
export function releaseHandshake(socket: Socket): void {
  const { conn, handshake } = socket;
  if (conn.transport.name !== "websocket") return;
  const { socket: wire } = conn.request;
  Object.assign(conn, { request: { socket: wire, headers: NOTHING } });
  Object.assign(handshake, { headers: NOTHING, auth: NOTHING, query: NOTHING, time: "", url: "" });
}
