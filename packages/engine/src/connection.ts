import WebSocket from "ws";
import { badReply, EngineError } from "./engine.ts";

/** Receives what comes on a connection. `end` is called once and last: the connection broke, or a frame is not acceptable. */
export interface Listener {
  frame(text: string): void;
  end(error: EngineError): void;
}

/** A socket to the engine. */
export interface Connection {
  readonly open: boolean;
  /** Replaces the listener. Frames that came before are not repeated. */
  listen(listener: Listener): void;
  /** Sends a text frame, in UTF-8; resolves when the operating system has accepted all of it. @throws EngineError `unavailable` */
  send(text: Buffer): Promise<void>;
  pause(): void;
  resume(): void;
  /** Closes the connection at once. The listener is called only if there is an `error`, with it. Idempotent. */
  destroy(error?: EngineError): void;
}

export interface ConnectOptions {
  readonly url: string;
  readonly maxFrameBytes: number;
  /** From the connection attempt to the end of the WebSocket handshake. */
  readonly handshakeTimeoutMs: number;
  /** Keeps balancers from closing quiet connections. 0: no pings. */
  readonly pingEveryMs: number;
}

const MAX_FRAGMENTS = 256;

/**
 * Connects; follows no redirect.
 * @throws EngineError `unavailable` when the engine refuses or does not answer in time; the signal's reason.
 */
export async function connectEngine(options: ConnectOptions, signal: AbortSignal): Promise<Connection> {
  signal.throwIfAborted();
  const socket = new WebSocket(options.url, {
    followRedirects: false,
    perMessageDeflate: false,
    maxPayload: options.maxFrameBytes,
    maxFragments: MAX_FRAGMENTS,
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timeout = setTimeout(
    () => fail(new EngineError("unavailable", "the engine did not answer in time")),
    options.handshakeTimeoutMs,
  );
  const abort = (): void => fail(signal.reason as Error);
  function fail(error: Error): void {
    reject(error);
    socket.terminate();
  }
  const connection = wrap(socket, options.pingEveryMs);
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

function wrap(socket: WebSocket, pingEveryMs: number): Connection {
  let listener: Listener | undefined;
  const end = (error: EngineError): void => {
    const ended = listener;
    listener = undefined;
    clearInterval(pulse);
    ended?.end(error);
  };
  // A missing pong is ignored: a busy engine may not answer pings. Silence has its own deadlines.
  const pulse =
    pingEveryMs > 0 ? setInterval(() => socket.readyState === WebSocket.OPEN && socket.ping(), pingEveryMs) : undefined;
  pulse?.unref();

  socket.on("message", (data: Buffer, binary: boolean) => {
    if (binary) end(badReply("binary"));
    else listener?.frame(data.toString());
  });
  socket.on("error", (cause: Error & { code?: string }) => end(errorOf(cause)));
  socket.on("close", () => end(new EngineError("unavailable", "the engine closed the connection")));

  return {
    get open() {
      return socket.readyState === WebSocket.OPEN;
    },
    listen: (next) => void (listener = next),
    send: (text) =>
      new Promise((resolve, reject) => {
        socket.send(text, { binary: false }, (cause) => {
          if (cause) reject(new EngineError("unavailable", "the engine's connection broke", { cause }));
          else resolve();
        });
      }),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    destroy(error) {
      if (error) end(error);
      listener = undefined;
      clearInterval(pulse);
      socket.terminate();
    },
  };
}

function errorOf(cause: Error & { code?: string }): EngineError {
  const { code } = cause;
  if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" || code === "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH")
    return badReply("size", cause);
  if (code?.startsWith("WS_ERR_")) return badReply("frame", cause);
  return new EngineError("unavailable", "the engine cannot be reached", { cause });
}
