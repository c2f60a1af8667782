import type { Connection } from "./connection.ts";
import { EngineError, type Engine, type EngineAsk, type EngineEvent } from "./engine.ts";
import { askFrame, readFrame, type ReplyMode } from "./frame.ts";
import { createPool } from "./pool.ts";

export interface WebSocketEngineOptions {
  /** `ws://` or `wss://`; see {@link engineUrlProblem}. */
  readonly url: string;
  readonly reply: ReplyMode;
  /** Most sockets at a time. */
  readonly connections: number;
  /** From the prompt being sent to the first frame. */
  readonly firstReplyTimeoutMs: number;
  /** Between two frames of a stream. */
  readonly idleTimeoutMs: number;
  readonly maxReplyBytes: number;
}

/** Frames that wait for the reader before the socket is paused. */
const QUEUE_HIGH = 64;

/** An engine behind a WebSocket, over pooled connections with one ask in flight each. */
export function createWebSocketEngine(options: WebSocketEngineOptions): Engine {
  // A frame is JSON around the text: escapes may make it six times as long as what it holds.
  const pool = createPool({ ...options, maxFrameBytes: options.maxReplyBytes * 6 + 65_536 });

  async function* ask(request: EngineAsk, signal: AbortSignal): AsyncGenerator<EngineEvent, void, void> {
    const connection = await pool.acquire(request.affinity, signal);
    let clean = false;
    try {
      const frames = receive(connection, signal);
      await connection.send(askFrame(request.message, request.uniqueId));
      yield { kind: "sent" };
      yield* reply(frames.next, request, options);
      // A second frame is somebody else's, or nobody's: this connection cannot be trusted any more.
      clean = frames.waiting() === 0;
    } finally {
      if (clean) pool.release(connection, request.affinity);
      else pool.discard(connection);
    }
  }

  return {
    ask,
    async [Symbol.asyncDispose]() {
      pool.close();
    },
  };
}

interface Frames {
  next(timeoutMs: number): Promise<string>;
  waiting(): number;
}

async function* reply(next: Frames["next"], request: EngineAsk, options: WebSocketEngineOptions): AsyncGenerator<EngineEvent, void, void> {
  let bytes = 0;
  for (let timeoutMs = options.firstReplyTimeoutMs; ; timeoutMs = options.idleTimeoutMs) {
    const raw = await next(timeoutMs);
    const frame = readFrame(raw, options.reply, request.uniqueId);
    const size = frame.text === undefined ? 0 : Buffer.byteLength(frame.text);
    bytes = frame.whole ? size : bytes + size;
    if (bytes > options.maxReplyBytes) throw new EngineError("bad-reply", "the engine's reply is too large", { reason: "size" });
    if (!frame.last) {
      if (frame.text) yield { kind: "text", text: frame.text };
      continue;
    }
    if (options.reply === "single" && frame.text === undefined) {
      throw new EngineError("bad-reply", "the engine's reply has no text", { reason: "empty" });
    }
    if (!frame.whole && frame.text) yield { kind: "text", text: frame.text };
    yield {
      kind: "end",
      ...(frame.whole && frame.text !== undefined ? { text: frame.text } : {}),
      ...(options.reply === "single" && frame.json ? { frame: raw } : {}),
      ...(frame.citations ? { citations: frame.citations } : {}),
    };
    return;
  }
}

/** Puts a connection's frames into a queue of bounded length, read one by one with a deadline each. */
function receive(connection: Connection, signal: AbortSignal): Frames {
  const queue: string[] = [];
  let failure: Error | undefined;
  let ring: (() => void) | undefined;
  const fail = (error: Error): void => {
    failure ??= error;
    ring?.();
  };
  connection.onFrame = (frame) => {
    if ("binary" in frame) return fail(new EngineError("bad-reply", "the engine replied in binary", { reason: "binary" }));
    queue.push(frame.data);
    if (queue.length >= QUEUE_HIGH) connection.pause();
    ring?.();
  };
  connection.onClose = fail;
  signal.addEventListener("abort", () => fail(signal.reason as Error), { once: true });

  return {
    waiting: () => queue.length,
    async next(timeoutMs) {
      signal.throwIfAborted();
      if (queue.length === 0 && !failure) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(() => fail(new EngineError("timeout", "the engine is silent")), timeoutMs);
          ring = () => {
            clearTimeout(timer);
            ring = undefined;
            resolve();
          };
        });
      }
      const frame = queue.shift();
      if (queue.length === 0) connection.resume();
      if (frame !== undefined) return frame;
      throw failure ?? new EngineError("timeout", "the engine is silent");
    },
  };
}
