import WebSocket from "ws";
import type { IncomingMessage } from "node:http";
import { cleanText } from "./failure/clean-text.ts";
import { connectFailure } from "./failure/connect-failure.ts";
import { badReply, closedFailure, failure, httpFailure, type EngineError } from "./failure/engine-error.ts";

/**
 * Gets the frames of a connection. `end` is called once, after all frames: the connection broke, or a frame was not
 * acceptable.
 */
export interface Listener {
  frame(text: string): void;
  end(error: EngineError): void;
}

export interface Connection {
  readonly open: boolean;
  /** Whether the engine was pinged and has sent nothing since then. */
  readonly owesPong: boolean;
  /** Replaces the connection's listener. The new listener gets only later frames. */
  listen(listener: Listener): void;
  /**
   * Sends a text frame in UTF-8. Resolves when the operating system has accepted all of it. If the connection breaks
   * before that, the promise stays pending, and the listener's `end` is called.
   */
  send(text: Buffer): Promise<void>;
  /** Sends a ping, and calls `answered` at the next pong. */
  ping(answered: () => void): void;
  pause(): void;
  resume(): void;
  /** Closes the connection at once. With an `error`, calls the listener's `end`. Idempotent. */
  destroy(error?: EngineError): void;
}

export interface ConnectOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly maxFrameBytes: number;
  /** How many ms TCP may take to connect. */
  readonly connectTimeoutMs: number;
  /**
   * How many ms the WebSocket handshake may take once TCP is connected. An engine that computes in its event loop
   * delays the handshake.
   */
  readonly handshakeTimeoutMs: number;
  /**
   * The interval of pings in ms, which keep load balancers from closing an idle connection. With 0, no pings are sent.
   */
  readonly pingEveryMs: number;
  /** Secrets, which are removed from error messages. */
  readonly secrets: readonly string[];
}

/**
 * The most fragments that one frame may have. It is large, because a server that writes token by token may send each
 * token as a fragment.
 */
const MAX_FRAGMENTS = 16_384;
/** How many ms the engine may take to close a connection that it has refused, or that broke. */
const CLOSE_MS = 1000;

/**
 * Opens a connection. Follows no redirect.
 * @throws EngineError with its cause when the engine refuses the connection or does not respond in time; the signal's
 * reason.
 */
export async function connectEngine(options: ConnectOptions, signal: AbortSignal): Promise<Connection> {
  signal.throwIfAborted();
  let timeout: NodeJS.Timeout | undefined;
  const settings: WebSocket.ClientOptions & { closeTimeout: number } = {
    headers: { ...options.headers },
    followRedirects: false,
    perMessageDeflate: false,
    maxPayload: options.maxFrameBytes,
    maxFragments: MAX_FRAGMENTS,
    closeTimeout: CLOSE_MS,
    finishRequest(request) {
      const connected = (): void => failAfter("timeout-handshake", options.handshakeTimeoutMs);
      request.once("socket", (tcp) => tcp.once("connect", connected));
      request.end();
    },
  };
  const socket = new WebSocket(options.url, settings);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  function failAfter(why: "timeout-connect" | "timeout-handshake", ms: number): void {
    clearTimeout(timeout);
    timeout = setTimeout(() => fail(failure(why)), ms);
  }
  failAfter("timeout-connect", options.connectTimeoutMs);
  const abort = (): void => fail(signal.reason as Error);
  function fail(error: Error): void {
    reject(error);
    socket.terminate();
  }
  socket.once("unexpected-response", (_request, { statusCode = 0, statusMessage = "", headers }: IncomingMessage) => {
    const said = cleanText(statusMessage, options.secrets);
    fail(httpFailure(statusCode, { said, retryAfter: headers["retry-after"] }));
  });
  const connection = wrap(socket, options);
  connection.listen({ frame: () => undefined, end: reject });
  socket.once("open", resolve);
  signal.addEventListener("abort", abort, { once: true });
  try {
    await promise;
    return connection;
  } catch (error) {
    connection.destroy();
    throw error;
  } finally {
    clearTimeout(timeout);
    signal.removeEventListener("abort", abort);
  }
}

function wrap(socket: WebSocket, { pingEveryMs, secrets }: ConnectOptions): Connection {
  let listener: Listener | undefined;
  let closing: NodeJS.Timeout | undefined;
  const end = (error: EngineError): void => {
    const ended = listener;
    listener = undefined;
    clearInterval(pulse);
    ended?.end(error);
  };
  // A missing pong is not an error, because a busy engine may not answer pings. The caller has deadlines for silence.
  let owesPong = false;
  const ping = (): void => {
    if (socket.readyState !== WebSocket.OPEN) return;
    owesPong = true;
    socket.ping();
  };
  const pulse = pingEveryMs > 0 ? setInterval(ping, pingEveryMs) : undefined;
  pulse?.unref();

  socket.on("pong", () => (owesPong = false));
  socket.on("message", (data: Buffer, binary: boolean) => {
    owesPong = false;
    if (binary) end(badReply("binary"));
    else listener?.frame(data.toString());
  });
  socket.on("error", (cause: Error & { code?: string }) => end(errorOf(cause, secrets)));
  socket.on("close", (code, reason) => {
    clearTimeout(closing);
    end(closedFailure(code, { said: cleanText(reason.toString(), secrets) }));
  });

  return {
    get open() {
      return socket.readyState === WebSocket.OPEN;
    },
    get owesPong() {
      return owesPong;
    },
    listen: (next) => void (listener = next),
    send: (text) =>
      new Promise((resolve) => {
        socket.send(text, { binary: false }, (cause) => {
          // After an error, wait for the engine's close frame: it has the reason, for example that the prompt is too
          // large, and `end` is called with it.
          if (cause) closing ??= setTimeout(() => socket.terminate(), CLOSE_MS);
          else resolve();
        });
      }),
    ping(answered) {
      socket.once("pong", answered);
      socket.ping();
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    destroy(error) {
      if (error) end(error);
      listener = undefined;
      clearInterval(pulse);
      clearTimeout(closing);
      socket.terminate();
    },
  };
}

/** Returns the EngineError for a connection that did not open, or on which the engine sent invalid data. */
function errorOf(cause: Error & { code?: string }, secrets: readonly string[]): EngineError {
  const { code } = cause;
  if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" || code === "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH")
    return badReply("size", { cause });
  if (code?.startsWith("WS_ERR_")) return badReply("frame", { detail: cleanText(cause.message), cause });
  return connectFailure(cause, secrets);
}
