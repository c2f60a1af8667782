import { roomOfChannel } from "@docrelay/channel";
import type { Server, Socket } from "socket.io";
import type { Identity } from "../auth/authenticator.ts";
import type { ClientConnection } from "../limits/client-connection.ts";
import type { Admit } from "../limits/admission.ts";
import { toFailure } from "../report/failure.ts";
import { identifyHandshake } from "./identify.ts";
import { serveSocket, type SocketDeps } from "./serve-socket.ts";

export interface GatewayDeps extends SocketDeps {
  readonly io: Server;
  readonly admit: Admit;
  readonly isDraining: () => boolean;
}

/** The Socket.IO endpoint. */
export interface Gateway {
  connections(): ClientConnection[];
}

/**
 * Admits Socket.IO clients and serves them. It sends no events of conversations: the Socket.IO adapter receives these
 * from Redis and sends them to the sockets.
 */
export function openGateway(deps: GatewayDeps): Gateway {
  const { io, metrics } = deps;
  const identities = new WeakMap<Socket, Identity>();
  const joined = new WeakSet<Socket["conn"]>();
  const connections = new Set<ClientConnection>();

  io.use((socket, next) => {
    const { conn } = socket;
    // While a connection is being admitted, Socket.IO would accept further sockets over the same connection, and no
    // limit would count them.
    if (joined.has(conn)) return conn.close();
    joined.add(conn);
    deps
      .admit(() => identifyHandshake(deps.authenticator, socket.handshake.auth), socket.request)
      .then(
        ({ identity, release }) => {
          if (conn.readyState !== "open") return release();
          conn.on("close", release);
          identities.set(socket, identity);
          next();
        },
        (error: unknown) => {
          joined.delete(conn); // so that the client may try again over this connection, with another token
          const { wire, severity } = toFailure(error);
          if (severity === "bug") deps.log.error({ err: error }, "handshake failed");
          metrics.answered("connect", wire.code);
          next(Object.assign(new Error(wire.code), { data: wire }));
        },
      );
  });
  io.on("connection", (socket) => {
    const identity = identities.get(socket);
    if (!identity) return;
    identities.delete(socket);
    const connection = serveSocket(deps, socket, identity, connections);
    if (deps.isDraining()) connection.shutDown();
  });
  // With a single Redis, clients get `resync` twice: first, so that they verify all events that arrive from now on; and
  // again when all channels are subscribed again, because a log that is read after that misses no event. With a cluster
  // they get only the second `resync`.
  deps.subscriptions.onBack(() => void io.local.emit("resync", {}));
  deps.subscriptions.onResync((channels) => {
    metrics.resynced();
    const rooms = channels && [...channels].flatMap((channel) => roomOfChannel(channel) ?? []);
    if (!rooms) io.local.emit("resync", {});
    else if (rooms.length > 0) io.local.to(rooms).emit("resync", {});
  });
  return { connections: () => [...connections] };
}
