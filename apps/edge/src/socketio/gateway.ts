import type { Logger } from "@docrelay/platform";
import {
  nestsDeeper,
  PROTOCOL_VERSION,
  refuse,
  wireError,
  type Ack,
  type Limits,
  type Welcome,
} from "@docrelay/protocol";
import { randomUUID } from "node:crypto";
import type { Server, Socket } from "socket.io";
import { strike, type Strikes } from "../limits/rate-limit.ts";
import type { Admit } from "../limits/admission.ts";
import type { ClientConnection } from "../drain.ts";
import { identifyHandshake } from "./identify.ts";
import type { Identity } from "../auth/authenticator.ts";
import { capBytes } from "./byte-cap.ts";
import { endConnection } from "./end-connection.ts";
import { createExpiry } from "../auth/expiry.ts";
import { toFailure } from "../report/failure.ts";
import { releaseHandshake } from "./release-handshake.ts";
import { createMembership } from "./membership.ts";
import type { EdgeMetrics } from "../report/metrics.ts";
import { EVENTS, type EventDeps, type EventName, type Session } from "./events.ts";
import type { Subscriptions } from "../conversation/subscriptions.ts";
import type { UploadQueue } from "../uploads/upload-queue.ts";

export interface GatewayDeps extends EventDeps {
  readonly io: Server;
  readonly admit: Admit;
  readonly isDraining: () => boolean;
  readonly subscriptions: Subscriptions;
  readonly line: UploadQueue;
  readonly metrics: EdgeMetrics;
  readonly log: Logger;
  readonly node: string;
  readonly limits: Limits;
  readonly maxSocketBufferBytes: number;
}

/** Requests of one connection that have no answer yet. */
const MAX_PENDING = 64;

/** The Socket.IO endpoint. */
export interface Gateway {
  /** The connections that are open now. */
  connections(): ClientConnection[];
}

/** Lets clients in and answers what they send. Holds nothing of a reply: events reach sockets through the adapter. */
export function openGateway(deps: GatewayDeps): Gateway {
  const { io, subscriptions, metrics } = deps;
  const identities = new WeakMap<Socket, Identity>();
  const joined = new WeakSet<Socket["conn"]>();
  const connections = new Set<ClientConnection>();

  io.use((socket, next) => {
    const { conn } = socket;
    // While a connection is being let in the library would let it join again and again: sockets that no cap counts.
    if (joined.has(conn)) return conn.close();
    joined.add(conn);
    deps
      .admit(() => identifyHandshake(deps.authenticator, socket.handshake.auth))
      .then(
        ({ identity, release }) => {
          if (conn.readyState !== "open") return release();
          conn.once("close", release);
          identities.set(socket, identity);
          next();
        },
        (error: unknown) => {
          joined.delete(conn); // it may try another token
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
    const connection = serve(deps, socket, identity);
    connections.add(connection);
    socket.on("disconnect", () => connections.delete(connection));
    if (deps.isDraining()) connection.shutDown();
  });
  subscriptions.onResync(() => {
    metrics.resynced();
    io.local.emit("resync", {});
  });
  return { connections: () => [...connections] };
}

function serve(deps: GatewayDeps, socket: Socket, admitted: Identity): ClientConnection {
  const { metrics, node, limits } = deps;
  let identity = admitted;
  let strikes: Strikes = [];
  let pending = 0;

  const end = (
    ...[code, more]: [code: Parameters<typeof endConnection>[1], more?: Parameters<typeof endConnection>[2]]
  ): void => {
    metrics.closed(code);
    endConnection(socket, code, more);
  };
  const expiry = createExpiry(() => end("AUTH_EXPIRED"));
  const cap = capBytes(socket.conn, deps.maxSocketBufferBytes, () => end("SLOW_CONSUMER", { retryAfterMs: 0 }));
  const session: Session = {
    identity: () => identity,
    membership: createMembership(socket, deps.subscriptions),
    reader: {
      user: identity.user,
      get gone() {
        return !socket.connected;
      },
      whenRoom: cap.whenRoom,
    },
    renew(fresh) {
      identity = fresh;
      expiry.until(fresh.expiresAt);
    },
  };

  releaseHandshake(socket);
  expiry.until(identity.expiresAt);
  socket.on("disconnect", () => {
    expiry.stop();
    socket.conn.close(); // one that has left comes back on a connection of its own
  });

  socket.onAny((event: unknown, ...args: unknown[]) => {
    const ack = typeof args.at(-1) === "function" ? (args.pop() as (answer: Ack) => void) : undefined;
    pending++;
    answer(event, args)
      .then(
        (done): Ack => ({ ok: true, ...done }),
        (error: unknown): Ack => ({ ok: false, error: refusal(event, error) }),
      )
      .then((reply) => {
        pending--;
        metrics.answered(known(event) ? event : "unknown", reply.ok ? "ok" : reply.error.code);
        if (socket.connected) ack?.(reply);
        if (reply.ok || reply.error.code !== "BAD_MESSAGE" || reply.error.reason === "offset") return;
        const struck = strike(strikes, Date.now());
        strikes = struck.strikes;
        if (struck.out) end("BAD_MESSAGE", { message: "Too many messages that could not be read." });
      })
      .catch((error: unknown) => deps.log.error({ err: error }, "not acknowledged"));
  });

  async function answer(event: unknown, args: readonly unknown[]): Promise<object> {
    // Before anything touches a payload: a deep one overflows whatever walks it.
    if (nestsDeeper(args))
      throw refuse("BAD_MESSAGE", { reason: "depth", message: "The message is nested too deeply." });
    if (!known(event)) throw refuse("BAD_MESSAGE", { reason: "type", message: "There is no such event." });
    if (args.length !== 1) throw refuse("BAD_MESSAGE", { reason: "schema", message: "An event has one payload." });
    if (event !== "auth:refresh" && Date.now() >= identity.expiresAt) throw refuse("AUTH_EXPIRED");
    if (pending > MAX_PENDING) throw refuse("BUSY", { retryAfterMs: 250 });
    if (event !== "upload:chunk") return EVENTS[event](deps, session, args[0]);
    const storing = EVENTS[event](deps, session, args[0]);
    holdBack(socket, deps.line);
    return storing;
  }

  function refusal(event: unknown, error: unknown): ReturnType<typeof wireError> {
    const { wire, severity } = toFailure(error);
    if (severity === "refused") return wire;
    const trace = randomUUID();
    const name = known(event) ? event : "unknown";
    if (severity === "bug") deps.log.error({ trace, event: name, err: error }, "bug");
    else deps.onTrouble(error);
    return { ...wire, trace };
  }

  const { user, expiresAt } = identity;
  const welcome: Welcome = { user, protocol: PROTOCOL_VERSION, node, limits, expiresAt };
  socket.emit("welcome", welcome);
  return {
    get pending() {
      return pending;
    },
    shutDown: () => end("SHUTTING_DOWN", { retryAfterMs: 0 }),
  };
}

function known(event: unknown): event is EventName {
  return typeof event === "string" && Object.hasOwn(EVENTS, event);
}

/** While much waits to be stored, a connection that sends chunks is not read: the network holds its bytes, not we. */
function holdBack(socket: Socket, line: UploadQueue): void {
  if (line.hasRoom) return;
  const { socket: wire } = socket.conn.transport as unknown as { socket?: { pause(): void; resume(): void } };
  wire?.pause();
  line.whenRoom(() => wire?.resume());
}
