import { PROTOCOL_VERSION, type Welcome } from "@docrelay/protocol";
import { newId } from "../id.ts";
import { clientError, RelayError, unreachable, type RelayFault } from "../wire/relay-error.ts";
import type { Address } from "./address.ts";
import { openSocket, type Socket, type SocketEnd } from "./socket.ts";
import { hearPage } from "./page-signals.ts";
import { probe } from "./probe.ts";
import { createPulse, SIGN_MS, type Pulse } from "./pulse.ts";
import { createReconnect } from "./reconnect.ts";
import { createStates, type States } from "./relay-state.ts";
import type { TokenSource } from "./session.ts";
import { single } from "./single.ts";

/**
 * A connection to the server that is made again whenever it breaks, until `end`. It uses one Socket.IO connection (a
 * `Socket`) at a time.
 */
export interface Connection {
  readonly states: States;
  /** What the server sent as `welcome` at the newest connect; undefined before the first one. */
  readonly welcome: Welcome | undefined;
  /**
   * Sends an event over the current socket, and resolves with the acknowledgement, unparsed. Rejects when the socket
   * ends, or when there is none. `heldMs`: how many ms the server may delay the acknowledgement.
   */
  send(event: string, payload: object, heldMs: number): Promise<unknown>;
  /** Replaces the current socket by a new one. */
  remake(): void;
  /** Closes the connection for good. `error`: the reason, which is passed to listeners of the state. */
  end(error?: RelayError): void;
}

export interface ConnectionDeps {
  readonly address: Address;
  readonly tokens: TokenSource;
  readonly request: typeof fetch;
  /** Called with events that the server sends without being asked. */
  said(event: string, payload: unknown): void;
  /** Returns how many ms the current socket needs for the bytes that were sent and not acknowledged. */
  drainMs(): number;
}

const FIRST_OPEN_MS = 5000;
const OPEN_MS = 10_000;
/**
 * After this many failures in a row, a WebSocket counts as blocked if HTTP works. One failure may also come from a
 * restart of the server.
 */
const BLOCKED_AFTER = 2;
const MAX_SIGN_MS = 16_000;

// oxlint-disable-next-line max-lines-per-function -- each step of a connection's life reads and changes the state of the current try
export function createConnection({ address, tokens, request, said, drainMs }: ConnectionDeps): Connection {
  const states = createStates();
  const reconnect = createReconnect(() => void open());
  /**
   * The id of a conversation that does not exist. A request to close it has no effect, and a live server responds to it
   * at once.
   */
  const nobody = newId();
  let welcome: Welcome | undefined;
  let socket: Socket | undefined;
  let pulse: Pulse | undefined;
  /** The number of the current try to connect. Reports of earlier tries are dropped. */
  let attempt = 0;
  let attemptAt = 0;
  let transport: "websocket" | "polling" = "websocket";
  let unopened = 0;
  let patienceMs = SIGN_MS;
  /** The reason why no client can connect, as the newest probe has found it; undefined if there is none. */
  let diagnosis: RelayFault | undefined;

  async function open(): Promise<void> {
    const mine = ++attempt;
    const isPresent = (): boolean => mine === attempt;
    attemptAt = performance.now();
    let token;
    try {
      token = await tokens.token();
    } catch (error) {
      // The application's function for tokens may throw anything. Without a token the server would refuse the
      // connection, so no connection is made.
      if (isPresent()) lost(error instanceof RelayError ? error : noToken(error));
      return;
    }
    if (!isPresent()) return;
    const auth = { token, protocol: PROTOCOL_VERSION };
    const openMs = unopened === 0 ? FIRST_OPEN_MS : OPEN_MS;
    socket = openSocket(
      { address, auth, transport, openMs, request },
      {
        welcomed: (hello) => isPresent() && welcomed(hello),
        heard: () => pulse?.heard(),
        said(event, payload) {
          if (isPresent()) said(event, payload);
        },
        ended: (how) => isPresent() && ended(how),
      },
    );
  }
  function welcomed(hello: Welcome): void {
    welcome = hello;
    unopened = 0;
    diagnosis = undefined;
    reconnect.succeeded();
    pulse = createPulse({ ask, dead, drainMs, patienceMs });
    states.become("online");
  }
  function ask(): void {
    socket?.send("conversation:close", { conversation: nobody }).then(
      () => (patienceMs = SIGN_MS),
      () => undefined,
    );
  }
  function dead(): void {
    // A slow server must not be flooded with reconnects. So each time a connection is given up, the next connection has
    // twice as much time for a sign of life.
    patienceMs = Math.min(patienceMs * 2, MAX_SIGN_MS);
    remake();
  }
  function remake(): void {
    lost(undefined);
    reconnect.hurry();
  }
  /** Abandons the current socket, or the current try to open one. */
  function leave(): void {
    attempt++;
    pulse?.stop();
    pulse = undefined;
    const left = socket;
    socket = undefined;
    left?.close();
  }
  function lost(error: RelayError | undefined): void {
    states.become("offline", error);
    leave();
    if (states.now !== "closed") reconnect.schedule(error?.wire ?? diagnosis);
  }
  function ended({ why, wasOpen }: SocketEnd): void {
    const isAuth = why?.code.startsWith("AUTH_") === true;
    if (isAuth) tokens.renew();
    if (why && !why.retryable && !isAuth) return end(new RelayError(why));
    if (!why && !wasOpen) void diagnose();
    lost(why && new RelayError(why));
  }
  /**
   * Called when the server does not respond. Finds out with an HTTP request whether the server is away, is another
   * program, or only blocks WebSockets.
   */
  async function diagnose(): Promise<void> {
    if (transport === "polling") {
      transport = "websocket";
      unopened = 0;
    }
    const failures = ++unopened;
    const found = await probe(address, single(request));
    if (states.now !== "offline" || failures !== unopened) return;
    const error = "error" in found ? found.error : undefined;
    const isBlocked = !error && failures >= BLOCKED_AFTER;
    if (isBlocked && "polling" in found && found.polling) transport = "polling";
    const told = isBlocked && transport === "websocket" ? clientError("TRANSPORT_BLOCKED") : error;
    diagnosis = told?.wire;
    if (told) states.become("offline", told);
  }
  function end(error?: RelayError): void {
    reconnect.stop();
    unhear();
    states.become("closed", error);
    leave();
  }
  const unhear = hearPage({
    wake() {
      if (pulse) pulse.doubt();
      else if (!reconnect.hurry() && states.now !== "closed" && performance.now() - attemptAt > SIGN_MS) remake();
    },
    offline() {
      const error = clientError("UNREACHABLE", { reason: "offline" });
      if (states.now === "offline") states.become("offline", error);
      else if (states.now !== "closed") lost(error);
    },
  });
  void open();

  return {
    states,
    get welcome() {
      return welcome;
    },
    async send(event, payload, heldMs) {
      if (!socket || !pulse) throw unreachable();
      const answered = pulse.sent(heldMs);
      try {
        return await socket.send(event, payload);
      } finally {
        answered();
      }
    },
    remake() {
      if (socket) remake();
    },
    end,
  };
}

function noToken(cause: unknown): RelayError {
  const message = "The application gave no token.";
  return new RelayError({ code: "AUTH_REQUIRED", message, retryable: false }, { cause });
}
