import type { Engine, EngineAsk, EngineEvent } from "./engine.ts";
import { cleanText, secretsOf } from "./failure/clean-text.ts";
import { badReply } from "./failure/engine-error.ts";
import { askFrame, type ReplyMode } from "./frame.ts";
import { FrameReader } from "./frame-reader.ts";
import { createPool, type Lease } from "./pool.ts";
import { NO_REPLY, readReply } from "./reply.ts";
import { engineUrlProblem } from "./url.ts";

/** Times in ms. */
export interface WebSocketEngineOptions {
  /** `ws://` or `wss://`; see {@link engineUrlProblem}. */
  readonly url: string;
  readonly reply: ReplyMode;
  /** Most sockets at a time. */
  readonly connections: number;
  /** From the end of sending the prompt to the first frame. The sending has the same limit. */
  readonly firstReplyTimeoutMs: number;
  /** Between two frames of a stream. */
  readonly idleTimeoutMs: number;
  /** Of the reply's text, as UTF-8. */
  readonly maxReplyBytes: number;
  /** Default 5,000. */
  readonly handshakeTimeoutMs?: number;
  /** How long an unused connection is kept, default 60,000. */
  readonly keepMs?: number;
  /** Default 15,000; 0: no pings. */
  readonly pingEveryMs?: number;
  /**
   * The engine sent a frame after a reply had ended; its connection is closed. With `single` this means that the engine
   * streams: the ask was completed with the first piece of the text. Called at most once for each connection.
   */
  readonly onFrameAfterReply?: () => void;
}

/** After a `single` reply a connection is used for the same user only, so that a second frame is noticed. */
const REST_MS = 50;
const PATIENCE_MS = 1000;
const MAX_WAITING = 1000;
const MAX_SERVED = 256;

/**
 * An engine behind a WebSocket, over pooled connections with one ask in flight each.
 *
 * A connection is closed after a timeout, an abort, a frame outside of a reply, a reply that cannot be used, or when the
 * iteration was left before its end. Disposing closes all connections; asks in flight fail as `stopped`.
 * @throws TypeError when the URL has a problem.
 */
export function createWebSocketEngine(options: WebSocketEngineOptions): Engine {
  const problem = engineUrlProblem(options.url, "websocket");
  if (problem) throw new TypeError(`the engine's URL ${problem}`);
  const { handshakeTimeoutMs = 5000, keepMs = 60_000, pingEveryMs = 15_000 } = options;
  const secrets = secretsOf(options.url);
  const pool = createPool(
    {
      connections: options.connections,
      restMs: options.reply === "single" ? REST_MS : 0,
      idleMs: keepMs,
      maxWaiting: MAX_WAITING,
      maxServed: MAX_SERVED,
      patienceMs: PATIENCE_MS,
    },
    // A frame is JSON around the text: escapes may make it six times as long as what it holds.
    { url: options.url, maxFrameBytes: options.maxReplyBytes * 6 + 65_536, handshakeTimeoutMs, pingEveryMs, secrets },
    options.onFrameAfterReply,
  );

  async function* ask(request: EngineAsk, signal: AbortSignal): AsyncGenerator<EngineEvent, void, void> {
    const lease = await pool.acquire(request, signal);
    signal.addEventListener("abort", lease.discard, { once: true });
    try {
      signal.throwIfAborted();
      yield* converse(lease, request, { ...options, secrets }, signal);
    } finally {
      signal.removeEventListener("abort", lease.discard);
      lease.discard();
    }
  }

  return {
    ask,
    async [Symbol.asyncDispose]() {
      pool.close();
    },
  };
}

async function* converse(
  lease: Lease,
  request: EngineAsk,
  options: WebSocketEngineOptions & { readonly secrets: readonly string[] },
  signal: AbortSignal,
): AsyncGenerator<EngineEvent, void, void> {
  using frames = new FrameReader(lease.connection, signal);
  const { message, uniqueId } = request;
  await frames.whenSent(lease.connection.send(askFrame(message, uniqueId)), options.firstReplyTimeoutMs);
  yield { kind: "sent" };

  const rule = { reply: options.reply, uniqueId, mustEcho: lease.mustEcho, maxReplyBytes: options.maxReplyBytes };
  let reply = NO_REPLY;
  while (!reply.over) {
    const isFirst = reply.frames === 0;
    const raw = isFirst
      ? await frames.next(options.firstReplyTimeoutMs, "timeout-first")
      : await frames.next(options.idleTimeoutMs, "timeout-idle");
    const step = readReply(reply, raw, rule);
    if ("refused" in step)
      throw badReply(step.refused, { said: cleanText(step.said ?? "", options.secrets), retry: step.retry });
    reply = step.reply;
    // Before the end event is yielded, because a consumer may leave the loop when it gets it.
    if (reply.over && !frames.hasMore) lease.release(reply.echoed);
    else if (reply.over) options.onFrameAfterReply?.();
    yield* step.events;
  }
}
