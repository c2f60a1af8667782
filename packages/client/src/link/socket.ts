import type { Welcome } from "@docrelay/protocol";
import { readError, readWelcome } from "../wire/payloads.ts";
import { tryRead, int, object } from "../wire/read.ts";
import { unreachable, type RelayFault } from "../wire/relay-error.ts";
import type { Address } from "./address.ts";
import { connectPacket, eventPackets, PONG, readPacket, type Packet } from "./packets.ts";
import { openPolling, openWebSocket } from "./transport.ts";

/** One Socket.IO connection, from its opening to its end. A Socket does not reconnect. */
export interface Socket {
  /** Sends an event, and resolves with the acknowledgement, unparsed. Rejects when the socket has ended. */
  send(event: string, payload: object): Promise<unknown>;
  /** Ends the socket; its listener is not called again. */
  close(): void;
}

export interface SocketListener {
  welcomed(welcome: Welcome): void;
  said(event: string, payload: unknown): void;
  /** Called when a packet of any kind has arrived. */
  heard(): void;
  /** Called once, when the socket has ended; not called if this client closed the socket. */
  ended(end: SocketEnd): void;
}

export interface SocketEnd {
  /** Why the server ended the Socket.IO connection; undefined when the network broke. */
  readonly why: RelayFault | undefined;
  /** Whether the WebSocket or polling connection was opened; if not, the server has sent nothing. */
  readonly wasOpen: boolean;
}

export interface SocketOptions {
  readonly address: Address;
  /** The `auth` object of Socket.IO's handshake. */
  readonly auth: object;
  readonly transport: "websocket" | "polling";
  readonly request: typeof fetch;
  /** How many ms opening the Socket.IO connection may take, until the server's welcome arrives. */
  readonly openMs: number;
}

/**
 * From the server's first packet: the interval of its pings in ms, and how many ms the server waits for a pong before
 * it counts the connection as dead.
 */
const readHello = object<{ pingInterval: number; pingTimeout: number }>({ pingInterval: int, pingTimeout: int });

// oxlint-disable-next-line max-lines-per-function -- one connection, from its opening to its end
export function openSocket({ address, auth, transport, openMs, request }: SocketOptions, to: SocketListener): Socket {
  let wasOpen = false;
  let isOver = false;
  let parting: RelayFault | undefined;
  let calls = 0;
  let silentMs = openMs;
  let dead: ReturnType<typeof setTimeout> | undefined;
  const unanswered = new Map<number, { resolve(answer: unknown): void; reject(error: unknown): void }>();
  const late = setTimeout(() => end(undefined), openMs);

  function close(): void {
    isOver = true;
    clearTimeout(late);
    clearTimeout(dead);
    carrier.close();
    for (const { reject } of unanswered.values()) reject(unreachable());
    unanswered.clear();
  }
  function end(why: RelayFault | undefined): void {
    if (isOver) return;
    isOver = true;
    to.ended({ why, wasOpen });
    close();
  }
  function said(event: string, payload: unknown): void {
    if (event === "closing") parting = tryRead(readError, payload);
    if (event !== "welcome") return to.said(event, payload);
    clearTimeout(late);
    const welcome = tryRead(readWelcome, payload);
    if (welcome) to.welcomed(welcome);
    else end(OTHER_VERSION);
  }
  function take(packet: Packet): void {
    switch (packet.type) {
      case "open": {
        wasOpen = true;
        const { pingInterval, pingTimeout } = readHello(packet.hello);
        silentMs = pingInterval + pingTimeout;
        return carrier.send([connectPacket(auth)]);
      }
      case "ping":
        return carrier.send([PONG]);
      case "disconnected":
        return end(parting);
      case "refused":
        return end(tryRead(readError, packet.why) ?? parting);
      case "event":
        return said(String(packet.event), packet.payload);
      case "ack": {
        unanswered.get(packet.id)?.resolve(packet.answer);
        unanswered.delete(packet.id);
      }
    }
  }
  function heard(text: string): void {
    if (isOver) return;
    to.heard();
    clearTimeout(dead);
    let packet: Packet | undefined;
    try {
      packet = readPacket(text);
    } catch {
      // A malformed packet ends the socket, because later packets could not be trusted either.
    }
    if (packet) take(packet);
    else end(parting);
    if (!isOver) dead = setTimeout(() => end(parting), silentMs);
  }
  const listener = { packet: heard, ended: () => end(parting) };
  const carrier =
    transport === "websocket" ? openWebSocket(address, listener) : openPolling(address, request, listener);

  return {
    send(event, payload) {
      return new Promise((resolve, reject) => {
        if (isOver) return reject(unreachable());
        const id = calls++;
        unanswered.set(id, { resolve, reject });
        carrier.send(eventPackets(event, payload, id));
      });
    },
    close,
  };
}

/** The error if the server's welcome cannot be parsed: a new connection would not help. */
const OTHER_VERSION: RelayFault = {
  code: "BAD_MESSAGE",
  reason: "version",
  message: "The server's welcome cannot be read: it speaks another version.",
  retryable: false,
};
