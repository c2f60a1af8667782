import type { ErrorCode } from "@docrelay/protocol";
import type { Socket as NetSocket } from "node:net";
import type { WebSocket } from "ws";
import type { Arriving } from "../limits/arriving.ts";
import { takeToken, type Bucket, type Rate } from "../limits/rate-limit.ts";

/** The parts of an engine.io connection that are used here. */
interface Connection {
  readonly request: { readonly socket: NetSocket };
  readonly transport: { readonly name: string };
  on(event: "upgrading", listener: (transport: unknown) => void): unknown;
  on(event: "packet", listener: (packet: EnginePacket) => void): unknown;
  on(event: "data", listener: (data: string | Buffer) => void): unknown;
  on(event: "heartbeat" | "close", listener: () => void): unknown;
}

/** A packet of engine.io. Socket.IO's packets are the `data` of those of the type `message`. */
interface EnginePacket {
  readonly type: string;
  readonly data?: unknown;
}

type Pinged = Pick<WebSocket, "on" | "terminate">;

export interface PacketRule {
  readonly arriving: Arriving;
  /** The client's network; undefined if `USERS_PER_ADDRESS` is 0. */
  readonly network: string | undefined;
  /** Returns the WebSocket of a transport of engine.io; undefined for polling. */
  webSocketOf(transport: unknown): Pinged | undefined;
  /** Called with the number of bytes of a large message that have arrived. */
  receivedLarge(bytes: number): void;
  /** The most bytes of one packet, including its attachments. */
  readonly maxPacketBytes: number;
  /**
   * Ends the connection with this code: `PAYLOAD_TOO_LARGE` if a packet has too many bytes, `RATE_LIMITED` if too many
   * packets come that are no events.
   */
  end(code: ErrorCode): void;
}

/**
 * The most bytes of one packet before the connection is admitted: until then a client sends only a packet with its
 * token.
 */
const MAX_BYTES_BEFORE = 16_384;
/**
 * How many packets that are no events a connection may send: pongs, pings, acknowledgements that nobody asked for. No
 * rule of an event counts them, and no client needs many of them: it sends a pong every 25 seconds.
 */
const OTHER_RATE: Rate = { perSecond: 5, burst: 100 };
/** Matches the data of a Socket.IO packet that is an event of the main namespace, perhaps with attachments. */
const EVENT = /^(2|5\d+-)(\/,)?\d*\[/;
/** How long one packet may take to arrive: after a minute the SDK sends it again over another connection. */
const PACKET_MS = 60_000;

/**
 * Bounds the bytes of a packet and the time that it takes to arrive. engine.io itself would keep an unfinished frame,
 * or a packet whose attachments have not come, as long as the connection answers pings. Also bounds the rate of packets
 * that are no events. Must be called before engine.io listens to the connection, so that bytes that are refused are not
 * kept.
 */
export function watchPackets(connection: Connection, rule: PacketRule): PacketWatch {
  const watch = new PacketWatch(rule);
  const { socket } = connection.request;
  // A polling request is already limited in time by the HTTP server and in size by Socket.IO, so its bytes are counted
  // only once a packet is complete. A WebSocket's bytes are counted as they arrive.
  const isPolling = connection.transport.name !== "websocket";
  if (!isPolling) socket.prependListener("data", (chunk: Buffer) => watch.received(chunk.length));
  connection.on("packet", (packet) => watch.counted(packet));
  let pinged: Pinged | undefined;
  const watchPings = (transport: unknown): void => {
    const webSocket = rule.webSocketOf(transport);
    if (!webSocket || webSocket === pinged) return;
    pinged = webSocket;
    for (const event of ["ping", "pong"] as const) webSocket.on(event, () => watch.countOther());
  };
  watchPings(connection.transport);
  // Before a polling client's connection is moved to a WebSocket, engine.io answers each probe on that WebSocket itself.
  // The end of the connection would let the probes go on until engine.io gives the upgrade up, so that WebSocket is
  // terminated.
  connection.on("upgrading", (transport) => {
    if (watch.countOther()) watchPings(transport);
    else rule.webSocketOf(transport)?.terminate();
  });
  connection.on("data", (data: string | Buffer) => {
    if (isPolling) watch.received(data.length);
    watch.came(data);
  });
  connection.on("heartbeat", () => watch.complete());
  connection.on("close", () => watch.closed());
  return watch;
}

/** This is a class because each connection has one: methods, unlike closures, cost an idle connection no memory. */
class PacketWatch {
  readonly #rule: PacketRule;
  readonly #member: ReturnType<Arriving["join"]>;
  #isAdmitted = false;
  /** The bytes that have come since the last complete packet. */
  #bytes = 0;
  /** How many attachments of the current packet have not arrived. */
  #missing = 0;
  /** The bucket of `OTHER_RATE`. */
  #others: Bucket | undefined;

  constructor(rule: PacketRule) {
    this.#rule = rule;
    this.#member = rule.arriving.join((why) => rule.end(why), PACKET_MS, rule.network);
  }

  admit(): void {
    this.#isAdmitted = true;
  }

  received(bytes: number): void {
    this.#bytes += bytes;
    const most = this.#isAdmitted ? this.#rule.maxPacketBytes : MAX_BYTES_BEFORE;
    if (this.#bytes > most) return this.#rule.end("PAYLOAD_TOO_LARGE");
    const large = this.#member.received(bytes);
    if (large > 0) this.#rule.receivedLarge(large);
  }

  counted({ type, data }: EnginePacket): void {
    const isEvent = type === "message" && (typeof data !== "string" || EVENT.test(data));
    if (!isEvent) this.countOther();
  }

  /** Counts a packet that is no event; returns false, and ends the connection, if there are too many of them. */
  countOther(): boolean {
    const taken = takeToken(this.#others, OTHER_RATE, performance.now());
    this.#others = taken.bucket;
    if (!taken.allowed) this.#rule.end("RATE_LIMITED");
    return taken.allowed;
  }

  /**
   * Must be called when a whole frame has arrived: a packet, or one of its attachments. Ends the count of a packet's
   * bytes when the packet is complete.
   */
  came(data: string | Buffer): void {
    if (typeof data === "string") this.#missing = Number(/^[56](\d{1,9})-/.exec(data)?.[1] ?? 0);
    else if (this.#isAdmitted) this.#missing = Math.max(0, this.#missing - 1);
    // Before it is admitted, a client sends only a packet with its token, which needs no attachments.
    if (!this.#isAdmitted && (typeof data !== "string" || this.#missing > 0)) this.#rule.end("BAD_MESSAGE");
    this.complete();
  }

  /**
   * Ends the count of the current packet's bytes, unless some of its attachments are missing: engine.io keeps no bytes
   * of a complete packet.
   */
  complete(): void {
    if (this.#missing > 0) return;
    this.#bytes = 0;
    this.#member.finished();
  }

  closed(): void {
    this.#member.finished();
  }
}
export type { PacketWatch };
