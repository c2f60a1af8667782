import type { Logger } from "@docrelay/platform";
import {
  PROTOCOL_VERSION,
  refuse,
  type Ack,
  type ErrorCode,
  type Limits,
  type Welcome,
  type WireError,
} from "@docrelay/protocol";
import { randomUUID } from "node:crypto";
import type { Socket } from "socket.io";
import type { Identity } from "../auth/authenticator.ts";
import { createExpiry } from "../auth/expiry.ts";
import type { Subscriptions } from "../conversation/subscriptions.ts";
import type { ClientConnection } from "../limits/client-connection.ts";
import { strike, type Strikes } from "../limits/rate-limit.ts";
import { toFailure } from "../report/failure.ts";
import { capBytes } from "./byte-cap.ts";
import { endConnection } from "./end-connection.ts";
import { eventNamed, type Backpressure, type ClientEvent, type EventDeps, type Session } from "./events.ts";
import { createMembership } from "./membership.ts";
import { releaseHandshake } from "./release-handshake.ts";
import { webSocketOf } from "./web-socket-of.ts";

export interface SocketDeps extends EventDeps {
  readonly subscriptions: Subscriptions;
  readonly log: Logger;
  readonly node: string;
  readonly limits: Limits;
  readonly maxSocketBufferBytes: number;
  onTrouble(error: unknown): void;
}

/** Events of one connection that have no acknowledgement yet. */
const MAX_PENDING = 64;

type End = (code: ErrorCode, more?: Partial<Omit<WireError, "code" | "retryable">>) => void;

/** Sends the welcome to an admitted client and acknowledges each of its events, until it disconnects. */
export function serveSocket(deps: SocketDeps, socket: Socket, admitted: Identity): ClientConnection {
  const { metrics, node, limits } = deps;
  let ended = false;
  const end: End = (code, more) => {
    if (ended) return; // messages still on their way after the last strike end it once more
    ended = true;
    metrics.closed(code);
    endConnection(socket, code, more);
  };
  const session = openSession(deps, socket, admitted, end);
  let strikes: Strikes = [];
  let pending = 0;

  function countStrike(event: ClientEvent | undefined, error: WireError): void {
    const isStrike = event?.isStrike?.(error) ?? error.code === "BAD_MESSAGE";
    if (!isStrike) return;
    const struck = strike(strikes, Date.now());
    strikes = struck.strikes;
    if (struck.out) end("BAD_MESSAGE", { message: "Too many messages that could not be read." });
  }

  socket.onAny(async (name: unknown, ...args: unknown[]) => {
    const acknowledge = typeof args.at(-1) === "function" ? (args.pop() as (ack: Ack) => void) : undefined;
    const event = eventNamed(name);
    const label = event ? String(name) : "unknown";
    pending++;
    try {
      const ack = await run(event, args).then(
        (done): Ack => ({ ok: true, ...done }),
        (error: unknown): Ack => ({ ok: false, error: toWire(deps, label, error) }),
      );
      metrics.answered(label, ack.ok ? "ok" : ack.error.code);
      if (socket.connected) acknowledge?.(ack);
      if (!ack.ok) countStrike(event, ack.error);
    } catch (error) {
      deps.log.error({ err: error }, "not acknowledged");
    } finally {
      pending--;
    }
  });

  /**
   * The event parses its own payload and checks the depth first: before that check no code may traverse the payload.
   */
  async function run(event: ClientEvent | undefined, args: readonly unknown[]): Promise<object> {
    if (!event) throw refuse("BAD_MESSAGE", { reason: "type", message: "There is no such event." });
    if (args.length !== 1) throw refuse("BAD_MESSAGE", { reason: "schema", message: "An event has one payload." });
    if (!event.whenExpired && Date.now() >= session.identity().expiresAt) throw refuse("AUTH_EXPIRED");
    if (pending > MAX_PENDING) throw refuse("BUSY", { retryAfterMs: 250 });
    const done = event.run(deps, session, args[0]);
    if (event.backpressure) pauseWithoutRoom(socket, event.backpressure(deps));
    return done;
  }

  const { user, expiresAt } = admitted;
  const welcome: Welcome = { user, protocol: PROTOCOL_VERSION, node, limits, expiresAt };
  socket.emit("welcome", welcome);
  return {
    get pending() {
      return pending;
    },
    shutDown: () => end("SHUTTING_DOWN", { retryAfterMs: 0 }),
  };
}

/** The state of a connected socket: its identity until the token expires, its rooms, its bounded buffer. */
function openSession(deps: SocketDeps, socket: Socket, admitted: Identity, end: End): Session {
  let identity = admitted;
  const expiry = createExpiry(() => end("AUTH_EXPIRED"));
  const cap = capBytes(socket.conn, deps.maxSocketBufferBytes, () => end("SLOW_CONSUMER", { retryAfterMs: 0 }));
  releaseHandshake(socket);
  expiry.until(identity.expiresAt);
  socket.on("disconnect", () => {
    expiry.stop();
    socket.conn.close(); // a client that has left the namespace has to return on a new connection
  });
  return {
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
}

/** The error that is sent to a client. An error that is no refusal is logged with a trace that is sent along. */
function toWire(deps: SocketDeps, event: string, error: unknown): WireError {
  const { wire, severity } = toFailure(error);
  if (severity === "refused") return wire;
  const trace = randomUUID();
  if (severity === "bug") deps.log.error({ trace, event, err: error }, "bug");
  else deps.onTrouble(error);
  return { ...wire, trace };
}

/** Pauses a connection until there is room, so that its bytes stay in the network and use no memory here. */
function pauseWithoutRoom(socket: Socket, { hasRoom, whenRoom }: Backpressure): void {
  if (hasRoom) return;
  const webSocket = webSocketOf(socket);
  webSocket?.pause();
  whenRoom(() => webSocket?.resume());
}
