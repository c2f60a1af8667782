import type { Socket as NetSocket } from "node:net";

/** The used parts of an engine.io connection. */
interface Connection {
  readonly request: { readonly socket: NetSocket };
  on(event: "packetCreate", listener: (packet: Packet) => void): unknown;
  on(event: "flush" | "close", listener: () => void): unknown;
}
interface Packet {
  readonly data?: string | Buffer | undefined;
}

export interface ByteCap {
  /** Bytes that wait for the client to read them. */
  buffered(): number;
  /** Calls back once when at most `ROOM_BYTES` wait, or the connection has ended; at once if so already. */
  whenRoom(callback: () => void): void;
}

/** The next log may be sent when no more than this waits: enough to keep the network busy meanwhile. */
const ROOM_BYTES = 65_536;

/**
 * Counts the unsent bytes of a connection and calls `onSlow` once when they exceed `cap`: the library itself buffers
 * without a bound (192 MB in 4 s for a client that stops reading). One message may exceed the cap by its own size,
 * since it is counted when the next one is sent.
 */
export function capBytes(connection: Connection, cap: number, onSlow: () => void): ByteCap {
  const { socket } = connection.request;
  let waiting = 0; // not written to the socket yet: the library writes one batch at a time
  let slow = false;
  let ended = false;
  const callbacks: Array<() => void> = [];
  const buffered = (): number => waiting + socket.writableLength;
  connection.on("packetCreate", ({ data }) => {
    if (!slow && buffered() > cap) {
      slow = true;
      onSlow();
    }
    if (data !== undefined) waiting += typeof data === "string" ? Buffer.byteLength(data) : data.length;
  });
  connection.on("flush", () => {
    waiting = 0;
    drained();
  });
  const hasRoom = (): boolean => ended || buffered() <= ROOM_BYTES;
  // The library writes the next batch within the same tick, so the buffer is checked after that tick.
  const drained = (): void => {
    if (callbacks.length === 0) return;
    setImmediate(() => {
      if (hasRoom()) for (const callback of callbacks.splice(0)) callback();
    });
  };
  socket.on("drain", drained);
  connection.on("close", () => {
    ended = true;
    drained();
  });
  return {
    buffered,
    whenRoom(callback) {
      if (hasRoom()) callback();
      else callbacks.push(callback);
    },
  };
}
