import type { Socket as NetSocket } from "node:net";

/** What an engine.io connection lets us see of itself. */
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
  /** Calls back once when hardly anything waits, or the connection has ended; at once if so already. */
  whenRoom(callback: () => void): void;
}

/** With no more than this waiting, the next log may be sent: the network still has something to do meanwhile. */
const ROOM_BYTES = 65_536;

/**
 * Counts what a connection has not got rid of, and says once when it is more than `cap`: the library itself would
 * buffer for ever (192 MB in 4 s for a client that stops reading). One message may exceed the cap by its own size,
 * since it is counted when the next one comes.
 */
export function capBytes(connection: Connection, cap: number, onSlow: () => void): ByteCap {
  const { socket } = connection.request;
  let waiting = 0; // not yet handed to the socket: the library hands over one batch at a time
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
  // The library hands the next batch over within the same tick: looked at after it.
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
