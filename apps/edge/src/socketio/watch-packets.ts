import type { ErrorCode } from "@docrelay/protocol";
import type { Socket as NetSocket } from "node:net";
import type { Arriving } from "../limits/arriving.ts";

/** The used parts of an engine.io connection. */
interface Connection {
  readonly request: { readonly socket: NetSocket };
  readonly transport: { readonly name: string };
  on(event: "data", listener: (data: string | Buffer) => void): unknown;
  on(event: "heartbeat" | "close", listener: () => void): unknown;
}

export interface PacketRule {
  readonly arriving: Arriving;
  /** Where the connection comes from, if networks are counted. */
  readonly network: string | undefined;
  /** Most bytes of one packet, attachments included. */
  readonly maxPacketBytes: number;
  /** Ends the connection; `PAYLOAD_TOO_LARGE`: its packet has too many bytes. */
  end(code: ErrorCode): void;
}

/** All that a client sends before it is admitted is a packet with its token. */
const MAX_BYTES_BEFORE = 16_384;
/** A packet that takes longer is of no use: clients send it again over another connection after a minute. */
const PACKET_MS = 60_000;

/**
 * Bounds the bytes of a packet and the time that it takes to arrive: the library keeps an unfinished frame, and a packet
 * whose attachments have not come, for as long as the connection answers pings. Call it before the library listens to the
 * connection, so that what is refused is not kept.
 */
export function watchPackets(connection: Connection, rule: PacketRule): PacketWatch {
  const watch = new PacketWatch(rule);
  const { socket } = connection.request;
  const isPolling = connection.transport.name !== "websocket"; // its requests are bounded one by one
  if (!isPolling) socket.prependListener("data", (chunk: Buffer) => watch.received(chunk.length));
  connection.on("data", (data: string | Buffer) => {
    if (isPolling) watch.received(data.length);
    watch.came(data);
  });
  connection.on("heartbeat", () => watch.complete());
  connection.on("close", () => watch.closed());
  return watch;
}

/** A class, since each connection has one. */
class PacketWatch {
  readonly #rule: PacketRule;
  readonly #member: ReturnType<Arriving["join"]>;
  #isAdmitted = false;
  /** Bytes since the last complete packet. */
  #bytes = 0;
  /** Attachments of the present packet that have not come. */
  #missing = 0;

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
    this.#member.received(bytes);
  }

  /** A whole frame: a packet, or one of its attachments. */
  came(data: string | Buffer): void {
    if (typeof data === "string") this.#missing = Number(/^[56](\d{1,9})-/.exec(data)?.[1] ?? 0);
    else if (this.#isAdmitted) this.#missing = Math.max(0, this.#missing - 1);
    // No packet of a client that is not admitted has attachments.
    if (!this.#isAdmitted && (typeof data !== "string" || this.#missing > 0)) this.#rule.end("BAD_MESSAGE");
    this.complete();
  }

  /** Unless attachments are missing, nothing is kept of what came. */
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
