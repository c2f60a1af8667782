import { PROTOCOL_VERSION, wireError, type Welcome, type WireError } from "@docrelay/protocol";
import { io, type Socket } from "socket.io-client";
import { readError, readWelcome } from "../wire/payloads.ts";
import { attempt } from "../wire/read.ts";
import { createReconnect } from "./reconnect.ts";
import { RelayError } from "../wire/relay-error.ts";
import { createStates, type States } from "./relay-state.ts";
import type { TokenSource } from "./session.ts";

/** The socket: authenticates, connects, and connects again until `end`. */
export interface Connection {
  readonly states: States;
  /** What the server said of itself at the newest connect; undefined before the first. */
  readonly welcome: Welcome | undefined;
  /** Sends an event and waits for its acknowledgement, which is returned as it came. Rejects after `timeoutMs`. */
  emit(event: string, payload: object, timeoutMs: number): Promise<unknown>;
  on(event: string, listener: (payload: unknown) => void): void;
  /** Closes for good, and tells the listeners why. */
  end(error?: RelayError): void;
}

const CONNECT_MS = 10_000;
/** After this many refused tokens in a row the connection ends: a fresh token was among them. */
const AUTH_REFUSALS = 5;

export function createConnection(url: string, tokens: TokenSource): Connection {
  const states = createStates();
  let welcome: Welcome | undefined;
  /** Why the connection is about to break, as the server or the source of tokens gave it. */
  let parting: WireError | undefined;
  let authRefusals = 0;
  const socket = openSocket(url, authenticate);
  const reconnect = createReconnect(() => socket.connect());

  async function authenticate(): Promise<object | undefined> {
    try {
      return { token: await tokens.token(), protocol: PROTOCOL_VERSION };
    } catch (error) {
      if (error instanceof RelayError) parting = error.wire;
      if (parting && !parting.retryable) end(new RelayError(parting));
      else socket.io.engine.close(); // Without a token: the disconnect schedules another try.
      return undefined;
    }
  }
  function lost(why: WireError | undefined): void {
    parting = undefined;
    states.become("offline");
    if (states.now !== "closed") reconnect.schedule(why);
  }
  function end(error?: RelayError): void {
    reconnect.stop();
    states.become("closed", error);
    socket.disconnect();
  }

  socket.on("welcome", (payload: unknown) => {
    welcome = attempt(readWelcome, payload);
    if (!welcome) return end(otherVersion());
    parting = undefined;
    authRefusals = 0;
    reconnect.succeeded();
    states.become("online");
  });
  socket.on("closing", (payload: unknown) => {
    parting = attempt(readError, payload);
    if (parting?.code === "AUTH_EXPIRED") tokens.renew();
  });
  socket.on("disconnect", () => lost(parting));
  socket.on("connect_error", (error: Error & { data?: unknown }) => {
    const wire = attempt(readError, error.data);
    const auth = wire?.code.startsWith("AUTH_") === true;
    if (auth) tokens.renew();
    if (wire && (auth ? ++authRefusals > AUTH_REFUSALS : !wire.retryable)) return end(new RelayError(wire));
    lost(wire ?? parting);
  });
  socket.connect();

  return {
    states,
    get welcome() {
      return welcome;
    },
    emit: (event, payload, timeoutMs) => socket.timeout(timeoutMs).emitWithAck(event, payload),
    on: (event, listener) => void socket.on(event, listener),
    end,
  };
}

/** A socket that is not connected yet. When `authenticate` gives nothing, the connect waits until the socket is closed. */
function openSocket(url: string, authenticate: () => Promise<object | undefined>): Socket {
  return io(url, {
    transports: ["websocket"],
    autoConnect: false,
    // The library's own reconnect ignores how long the server asks to wait, and does nothing after "io server disconnect".
    reconnection: false,
    timeout: CONNECT_MS,
    forceNew: true,
    auth: (give) => void authenticate().then((auth) => auth && give(auth)),
  });
}

/** The error for a welcome that cannot be read: connecting again would not help. */
function otherVersion(): RelayError {
  const message = "The server's welcome cannot be read: it speaks another version.";
  return new RelayError(wireError("BAD_MESSAGE", { reason: "version", message }));
}
