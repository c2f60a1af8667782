import type { Socket as NetSocket } from "node:net";

/** The parts of an engine.io connection that are used here. */
interface Connection {
  readonly request: { readonly socket: NetSocket };
  on(event: "packetCreate", listener: (packet: Packet) => void): unknown;
  on(event: "flush", listener: () => void): unknown;
}
interface Packet {
  readonly data?: string | Buffer | undefined;
}

/**
 * When at most this many bytes wait for the client, the next log is read. The waiting bytes keep the network busy
 * during the read.
 */
const ROOM_BYTES = 65_536;

/**
 * Counts the bytes of a connection that wait for the client, and calls `onSlow` once when they exceed `cap`: engine.io
 * itself buffers without a bound (192 MB in 4 s for a client that stops reading). The cap is checked before a message
 * is added, so the waiting bytes may exceed it by one message. `end` must be called when the connection has ended.
 */
export function capBytes(connection: Connection, cap: number, onSlow: () => void): ByteCap {
  const { socket } = connection.request;
  const counted = new ByteCap(socket);
  connection.on("packetCreate", ({ data }) => {
    if (!counted.isSlow && counted.buffered() > cap) {
      counted.isSlow = true;
      onSlow();
    }
    if (data !== undefined) counted.waiting += typeof data === "string" ? Buffer.byteLength(data) : data.length;
  });
  connection.on("flush", () => {
    counted.waiting = 0;
    counted.drained();
  });
  return counted;
}

/** This is a class because each connection has one: methods, unlike closures, cost an idle connection no memory. */
class ByteCap {
  /** Bytes that engine.io holds and has not yet written to the network socket: it writes one batch at a time. */
  waiting = 0;
  isSlow = false;
  #ended = false;
  #callbacks: Array<() => void> | undefined;
  readonly #socket: NetSocket;

  constructor(socket: NetSocket) {
    this.#socket = socket;
  }

  /** Returns the bytes that wait for the client to read them. */
  buffered(): number {
    return this.waiting + this.#socket.writableLength;
  }

  /** Calls `callback` once: as soon as at most `ROOM_BYTES` wait for the client, or the connection has ended. */
  whenRoom(callback: () => void): void {
    if (this.#hasRoom()) return callback();
    if (!this.#callbacks) {
      this.#callbacks = [];
      this.#socket.on("drain", () => this.drained());
    }
    this.#callbacks.push(callback);
  }

  end(): void {
    this.#ended = true;
    this.drained();
  }

  drained(): void {
    if (!this.#callbacks?.length) return;
    // engine.io writes its next batch within this tick, so only after this tick the buffer shows how much waits.
    setImmediate(() => {
      if (this.#hasRoom()) for (const callback of this.#callbacks?.splice(0) ?? []) callback();
    });
  }

  #hasRoom(): boolean {
    return this.#ended || this.buffered() <= ROOM_BYTES;
  }
}
