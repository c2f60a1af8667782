import WebSocket from "ws";
import { EngineError } from "./engine.ts";

/** A socket to the engine, with one ask in flight at most. What comes while it is idle makes it unfit. */
export interface Connection {
  /** Goes to whoever has the connection now; the last one wins. */
  onFrame: ((frame: { data: string } | { binary: true }) => void) | undefined;
  onClose: ((error: EngineError) => void) | undefined;
  readonly open: boolean;
  send(text: string): Promise<void>;
  pause(): void;
  resume(): void;
  /** Ends it at once; nothing of it is heard any more. */
  destroy(): void;
}

const HANDSHAKE_MS = 5000;
const PING_EVERY_MS = 15_000;

/** Connects. @throws EngineError `unavailable` when the engine refuses or does not answer in 5 s. */
export async function connectEngine(url: string, maxFrameBytes: number, signal: AbortSignal): Promise<Connection> {
  signal.throwIfAborted();
  const socket = new WebSocket(url, {
    handshakeTimeout: HANDSHAKE_MS,
    followRedirects: false,
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
  });
  socket.binaryType = "nodebuffer";
  const abort = (): void => socket.terminate();
  signal.addEventListener("abort", abort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", (cause) => reject(new EngineError("unavailable", "the engine cannot be reached", { cause })));
      socket.once("close", () => reject(new EngineError("unavailable", "the engine closed the connection")));
    });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
  return wrap(socket);
}

function wrap(socket: WebSocket): Connection {
  let failure: EngineError | undefined;
  let alive = true;
  const pulse = setInterval(() => {
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping();
  }, PING_EVERY_MS);
  pulse.unref();
  socket.on("pong", () => void (alive = true));

  const connection: Connection = {
    onFrame: undefined,
    onClose: undefined,
    get open() {
      return socket.readyState === WebSocket.OPEN;
    },
    send: (text) =>
      new Promise((resolve, reject) => {
        socket.send(text, (cause) => {
          if (cause) reject(new EngineError("unavailable", "the engine's connection broke", { cause }));
          else resolve();
        });
      }),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    destroy() {
      connection.onFrame = undefined;
      connection.onClose = undefined;
      clearInterval(pulse);
      socket.terminate();
    },
  };
  socket.on("message", (data: Buffer, binary: boolean) => {
    alive = true;
    connection.onFrame?.(binary ? { binary: true } : { data: data.toString() });
  });
  socket.on("error", (cause: Error & { code?: string }) => {
    const size = cause.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH";
    failure = size
      ? new EngineError("bad-reply", "the engine's reply is too large", { reason: "size", cause })
      : new EngineError("unavailable", "the engine's connection broke", { cause });
  });
  socket.on("close", () => {
    clearInterval(pulse);
    connection.onClose?.(failure ?? new EngineError("unavailable", "the engine closed the connection"));
  });
  return connection;
}
