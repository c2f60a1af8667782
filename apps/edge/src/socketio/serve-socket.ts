import type { Logger } from "@docrelay/platform";
import {
  FEATURES,
  PROTOCOL_VERSION,
  refuse,
  SHARE_FEATURE,
  type Ack,
  type ConversationsHint,
  type ErrorCode,
  type Limits,
  type UploadStatus,
  type Welcome,
  type WireError,
} from "@docrelay/protocol";
import { randomUUID } from "node:crypto";
import type { Socket } from "socket.io";
import { remainingMs, type Identity, type Reads } from "../auth/authenticator.ts";
import { Expiry } from "../auth/expiry.ts";
import { REVOKED } from "../auth/revocations.ts";
import type { LogReader } from "../conversation/open-queue.ts";
import type { Subscriptions } from "../conversation/subscriptions.ts";
import type { UserSockets } from "../conversation/user-sockets.ts";
import type { ClientConnection } from "../limits/client-connection.ts";
import { holdReading, pauseReading, type Pace } from "../limits/pace.ts";
import { strike, takeToken, type Bucket, type Rate, type Strikes } from "../limits/rate-limit.ts";
import { toFailure } from "../report/failure.ts";
import { watchLink } from "../sharing/watch-link.ts";
import { capBytes } from "./byte-cap.ts";
import { endConnection } from "./end-connection.ts";
import type { Backpressure, ClientEvent, EventDeps, Session } from "./client-event.ts";
import { eventNamed } from "./events.ts";
import { createMembership, type Membership } from "./membership.ts";
import { releaseHandshake } from "./release-handshake.ts";
import { webSocketOf } from "./web-socket-of.ts";

export interface SocketDeps extends EventDeps {
  readonly subscriptions: Subscriptions;
  readonly userSockets: UserSockets;
  readonly log: Logger;
  readonly node: string;
  readonly limits: Limits;
  readonly maxSocketBufferBytes: number;
  readonly pace: Pace;
  onTrouble(error: unknown): void;
}

/** How many events of one connection may wait for their acknowledgement. */
const MAX_PENDING = 64;

/**
 * Sends `welcome` to an admitted client, then handles and acknowledges each of its events. The set `open` contains the
 * connection until the client disconnects.
 */
export function serveSocket(
  deps: SocketDeps,
  socket: Socket,
  admitted: Identity,
  open: Set<ClientConnection>,
): ClientConnection {
  const served = new ServedSocket(deps, socket, admitted);
  open.add(served);
  socket.onAny((name: unknown, ...args: unknown[]) => served.answer(name, args));
  socket.on("disconnect", () => {
    open.delete(served);
    served.closed();
    socket.conn.close(); // a client that left the namespace but not the connection must come back on a new connection
  });
  const { user, expiresAt, reads } = admitted;
  const { node, limits } = deps;
  const features = FEATURES.filter((name) => name !== SHARE_FEATURE || deps.shares.isOn);
  const expiresInMs = remainingMs(expiresAt, Date.now());
  const welcome: Welcome = { user, protocol: PROTOCOL_VERSION, node, limits, expiresAt, expiresInMs, features };
  if (reads) welcome.shared = reads.conversation;
  socket.emit("welcome", welcome);
  return served;
}

const NO_STRIKES: Strikes = [];
/**
 * Limits the events of one connection, except asks and chunks, which have limits of their own. The burst is for a page
 * that opens all of its conversations when it reconnects.
 */
const EVENT_RATE: Rate = { perSecond: 50, burst: 500 };

/**
 * A connected client: its identity, its conversations, and the bound of the bytes that wait for it. To save memory it
 * is a class, and parts that an idle connection does not use are created at their first use: closures and maps took a
 * quarter of the memory of an idle connection.
 */
class ServedSocket implements ClientConnection, Session, LogReader {
  pending = 0;
  identity: Identity;
  readonly #deps: SocketDeps;
  readonly #socket: Socket;
  readonly #cap: ReturnType<typeof capBytes>;
  readonly #expiry: Expiry;
  #membership: Membership | undefined;
  #strikes = NO_STRIKES;
  #events: Bucket | undefined;
  #ended = false;
  /**
   * Set for a connection with the token of a link: the reader of the link's conversation, and the watch of the link.
   */
  readonly #link: { readonly reader: LogReader; stop(): void } | undefined;

  constructor(deps: SocketDeps, socket: Socket, admitted: Identity) {
    this.#deps = deps;
    this.#socket = socket;
    this.identity = admitted;
    this.#expiry = new Expiry(() => this.#end("AUTH_EXPIRED"));
    this.#expiry.until(admitted.expiresAt);
    const onSlow = (): void => this.#end("SLOW_CONSUMER", { retryAfterMs: 0 });
    this.#cap = capBytes(socket.conn, deps.maxSocketBufferBytes, onSlow);
    releaseHandshake(socket);
    if (admitted.reads) this.#link = this.#watch(admitted.reads);
    else deps.userSockets.join(this);
  }

  #watch(reads: Reads): { reader: LogReader; stop(): void } {
    const socket = this.#socket;
    const reader = {
      user: reads.user,
      get gone() {
        return !socket.connected;
      },
      whenRoom: (callback: () => void) => this.whenRoom(callback),
    };
    const stop = watchLink(this.#deps, reads, () => this.#end("AUTH_INVALID", { message: "This link has ended." }));
    return { reader, stop };
  }

  get user(): string {
    return this.identity.user;
  }

  get connection(): string {
    return this.#socket.id;
  }

  get gone(): boolean {
    return !this.#socket.connected;
  }

  get reader(): LogReader {
    return this.#link?.reader ?? this;
  }

  get membership(): Membership {
    return (this.#membership ??= createMembership(this.#socket, this.#deps.subscriptions));
  }

  whenRoom(callback: () => void): void {
    this.#cap.whenRoom(callback);
  }

  renew(fresh: Identity): void {
    this.identity = fresh;
    this.#expiry.until(fresh.expiresAt);
  }

  shutDown(): void {
    this.#end("SHUTTING_DOWN", { retryAfterMs: 0 });
  }

  revoked(): void {
    this.#end("AUTH_INVALID", { message: REVOKED });
  }

  uploadHint(status: UploadStatus): void {
    this.#socket.emit("upload", status);
  }

  conversationsHint(hint: ConversationsHint): void {
    this.#socket.emit("conversations", hint);
  }

  closed(): void {
    if (this.#link) this.#link.stop();
    else this.#deps.userSockets.leave(this);
    this.#deps.uploadWatch.leave(this);
    this.#expiry.stop();
    this.#cap.end();
  }

  async answer(name: unknown, args: unknown[]): Promise<void> {
    const acknowledge = typeof args.at(-1) === "function" ? (args.pop() as (ack: Ack) => void) : undefined;
    const event = eventNamed(name);
    const label = event ? String(name) : "unknown";
    const { log, metrics } = this.#deps;
    this.pending++;
    try {
      const ack = await this.#run(event, args).then(
        (done): Ack => ({ ok: true, ...done }),
        (error: unknown): Ack => ({ ok: false, error: toWire(this.#deps, label, error) }),
      );
      metrics.answered(label, ack.ok ? "ok" : ack.error.code);
      if (this.#socket.connected) acknowledge?.(ack);
      if (!ack.ok) this.#refused(event, ack.error);
    } catch (error) {
      log.error({ err: error }, "not acknowledged");
    } finally {
      this.pending--;
    }
  }

  /**
   * Checks the rules of an event and handles it. The event's `run` parses the payload, and checks its depth first:
   * until then no code may traverse the payload.
   */
  async #run(event: ClientEvent | undefined, args: readonly unknown[]): Promise<object> {
    if (!event) throw refuse("BAD_MESSAGE", { reason: "type", message: "There is no such event." });
    if (args.length !== 1) throw refuse("BAD_MESSAGE", { reason: "schema", message: "An event has one payload." });
    if (!event.whenExpired && Date.now() >= this.identity.expiresAt) throw refuse("AUTH_EXPIRED");
    if (this.identity.reads && !event.forReaders) throw refuse("FORBIDDEN");
    if (this.pending > MAX_PENDING) throw refuse("BUSY", { retryAfterMs: 250 });
    if (!event.hasOwnRate) this.#countEvent();
    const done = event.run(this.#deps, this, args[0]);
    if (event.backpressure) pauseWithoutRoom(this.#socket, event.backpressure(this.#deps));
    return done;
  }

  /** Counts one event of this connection. @throws Refusal `RATE_LIMITED` if the connection sends too many */
  #countEvent(): void {
    const taken = takeToken(this.#events, EVENT_RATE, performance.now());
    this.#events = taken.bucket;
    if (!taken.allowed) throw refuse("RATE_LIMITED", { retryAfterMs: Math.max(1, taken.retryAfterMs) });
  }

  /** Slows a client that is refused too often, and counts a strike if `error` is a strike for this event. */
  #refused(event: ClientEvent | undefined, error: WireError): void {
    const { pace } = this.#deps;
    const webSocket = webSocketOf(this.#socket);
    const pauseMs = pace.refused(pace.nameOf(this.user));
    if (webSocket) pauseReading(webSocket, pauseMs);
    const isStrike = event?.isStrike?.(error) ?? error.code === "BAD_MESSAGE";
    if (!isStrike) return;
    const struck = strike(this.#strikes, performance.now());
    this.#strikes = struck.strikes;
    if (struck.out) this.#end("BAD_MESSAGE", { message: "Too many messages that could not be read." });
  }

  #end(code: ErrorCode, more?: Partial<Omit<WireError, "code" | "retryable">>): void {
    // Messages may still arrive after the end of the connection, for example after the last strike. It ends only once.
    if (this.#ended) return;
    this.#ended = true;
    this.#deps.metrics.closed(code);
    endConnection(this.#socket, code, more);
  }
}

/**
 * Turns an error into the one that is sent to the client. An error that is not a refusal is logged, and the client gets
 * the trace of that log line.
 */
function toWire(deps: SocketDeps, event: string, error: unknown): WireError {
  const { wire, severity } = toFailure(error);
  if (severity === "refused") return wire;
  const trace = randomUUID();
  if (severity === "bug") deps.log.error({ trace, event, err: error }, "bug");
  else deps.onTrouble(error);
  return { ...wire, trace };
}

/**
 * Stops reading a connection while the part of the edge that handles its event has no room, so that the connection's
 * bytes stay in the network and use no memory here.
 */
function pauseWithoutRoom(socket: Socket, { hasRoom, whenRoom }: Backpressure): void {
  if (hasRoom) return;
  const webSocket = webSocketOf(socket);
  if (webSocket) whenRoom(holdReading(webSocket));
}
