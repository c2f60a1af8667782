import WebSocket from "ws";
import type { IncomingMessage } from "node:http";
import { cleanText } from "./failure/clean-text.ts";
import { connectFailure } from "./failure/connect-failure.ts";
import { badReply, closedFailure, failure, httpFailure, type EngineError } from "./failure/engine-error.ts";

/** Receives what comes on a connection. `end` is called once and last: the connection broke, or a frame is not acceptable. */
export interface Listener {
  frame(text: string): void;
  end(error: EngineError): void;
}

/** A socket to the engine. */
export interface Connection {
  readonly open: boolean;
  /** The engine was pinged and has sent nothing since. */
  readonly owesPong: boolean;
  /** Replaces the listener. Frames that came before are not repeated. */
  listen(listener: Listener): void;
  /**
   * Sends a text frame, in UTF-8; resolves when the operating system has accepted all of it. When the connection breaks
   * before, it stays pending, and the listener's `end` is called.
   */
  send(text: Buffer): Promise<void>;
  /** Sends a ping, and calls back at the next pong. */
  ping(answered: () => void): void;
  pause(): void;
  resume(): void;
  /** Closes the connection at once. The listener is called only if there is an `error`, with it. Idempotent. */
  destroy(error?: EngineError): void;
}

export interface ConnectOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly maxFrameBytes: number;
  /** Until TCP is connected. */
  readonly connectTimeoutMs: number;
  /** From then to the end of the WebSocket handshake: an engine that computes in its event loop answers none meanwhile. */
  readonly handshakeTimeoutMs: number;
  /** Keeps balancers from closing quiet connections. 0: no pings. */
  readonly pingEveryMs: number;
  /** Texts that no error may repeat. */
  readonly secrets: readonly string[];
}

/** A server that writes token by token may send each as a fragment of one frame. */
const MAX_FRAGMENTS = 16_384;
/** How long the engine may take to close a connection that it has refused or that broke. */
const CLOSE_MS = 1000;

/**
 * Connects; follows no redirect.
 * @throws EngineError with its cause when the engine refuses or does not answer in time; the signal's reason.
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
  // A missing pong is ignored: a busy engine may not answer pings. Silence has its own deadlines.
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
          // The close that follows tells why, for example that the prompt is too large: `end` is called with it.
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

/** An error before the connection is open, or of what the engine sends on it. */
function errorOf(cause: Error & { code?: string }, secrets: readonly string[]): EngineError {
  const { code } = cause;
  if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" || code === "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH")
    return badReply("size", { cause });
  if (code?.startsWith("WS_ERR_")) return badReply("frame", { detail: cleanText(cause.message), cause });
  return connectFailure(cause, secrets);
}
