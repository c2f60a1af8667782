import type { Welcome } from "@docrelay/protocol";
import { io } from "socket.io-client";
import { readError, readWelcome } from "../wire/payloads.ts";
import { attempt } from "../wire/read.ts";
import { unreachable, type RelayFault } from "../wire/relay-error.ts";
import type { Address } from "./address.ts";

/** One Socket.IO connection, from its opening to its end; it never comes back. */
export interface Line {
  /** Sends an event and waits for its acknowledgement, which is returned as it came. Rejects when the line has ended. */
  send(event: string, payload: object): Promise<unknown>;
  /** Ends the line; its listener hears nothing more. */
  close(): void;
}

export interface LineListener {
  welcomed(welcome: Welcome): void;
  said(event: string, payload: unknown): void;
  /** Bytes arrived, whatever they are. */
  heard(): void;
  /** The end, once, unless it was closed here. */
  ended(end: LineEnd): void;
}

export interface LineEnd {
  /** What the server said about it; the line ends without a word when the network breaks. */
  readonly why: RelayFault | undefined;
  /** Whether the transport came about: otherwise the server was not heard at all. */
  readonly wasOpen: boolean;
}

export interface LineOptions {
  readonly address: Address;
  /** The handshake. */
  readonly auth: object;
  readonly transport: "websocket" | "polling";
  /** How long the welcome may take. */
  readonly openMs: number;
}

export function openLine({ address, auth, transport, openMs }: LineOptions, to: LineListener): Line {
  const socket = io(address.origin, {
    path: address.socketPath,
    transports: [transport],
    upgrade: false,
    autoConnect: false,
    reconnection: false,
    forceNew: true,
    timeout: openMs,
    auth,
  });
  let wasOpen = false;
  let isOver = false;
  let parting: RelayFault | undefined;
  const unanswered = new Set<(error: unknown) => void>();
  const late = setTimeout(() => end(undefined), openMs);

  function close(): void {
    isOver = true;
    clearTimeout(late);
    socket.disconnect();
    for (const reject of unanswered) reject(unreachable());
    unanswered.clear();
  }
  function end(why: RelayFault | undefined): void {
    if (isOver) return;
    isOver = true;
    to.ended({ why, wasOpen });
    close();
  }
  socket.io.on("open", () => {
    wasOpen = true;
    socket.io.engine.on("packet", () => to.heard());
  });
  socket.onAny((event: string, payload: unknown) => {
    if (isOver) return;
    if (event === "closing") parting = attempt(readError, payload);
    if (event !== "welcome") return to.said(event, payload);
    clearTimeout(late);
    const welcome = attempt(readWelcome, payload);
    if (welcome) to.welcomed(welcome);
    else end(OTHER_VERSION);
  });
  socket.on("disconnect", () => end(parting));
  socket.on("connect_error", (error: Error & { data?: unknown }) => end(attempt(readError, error.data) ?? parting));
  socket.connect();

  return {
    send(event, payload) {
      return new Promise((resolve, reject) => {
        if (isOver) return reject(unreachable());
        unanswered.add(reject);
        socket.emit(event, payload, (answer: unknown) => {
          unanswered.delete(reject);
          resolve(answer);
        });
      });
    },
    close,
  };
}

/** A welcome that cannot be read: connecting again would not help. */
const OTHER_VERSION: RelayFault = {
  code: "BAD_MESSAGE",
  reason: "version",
  message: "The server's welcome cannot be read: it speaks another version.",
  retryable: false,
};
