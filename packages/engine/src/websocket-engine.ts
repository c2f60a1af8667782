import { converse } from "./converse.ts";
import type { Engine, EngineAsk, EngineEvent } from "./engine.ts";
import { checkUrl, type EngineOptions } from "./engine-options.ts";
import { secretsOf } from "./failure/clean-text.ts";
import { failure } from "./failure/engine-error.ts";
import { checkPromptSize } from "./failure/prompt-size.ts";
import { askFrame, TEXT_FIELDS } from "./frame.ts";
import { learn, learnOfLateFrame, newHabit, type Habit, type ReplyMode } from "./habit.ts";
import { createPool } from "./pool.ts";
import type { Reply } from "./reply.ts";
import { originOf } from "./url.ts";

/**
 * `url`: `ws://` or `wss://`. `headers` are sent when a connection opens. `Origin` is the engine's own unless `headers`
 * has another.
 */
export interface WebSocketEngineOptions extends EngineOptions {
  readonly reply: ReplyMode;
  /** Default `close`: a normal close after a text ends a stream. `frame`: a close never ends a stream. */
  readonly streamEnd?: "close" | "frame";
  /** With `auto`: the silence that ends a reply which may be complete. Default 5,000. */
  readonly quietMs?: number;
  /** Fields that are searched for the text before the known ones. */
  readonly textFields?: readonly string[];
  /** The limit of the WebSocket handshake, once TCP is connected. Default: `firstReplyTimeoutMs`. */
  readonly handshakeTimeoutMs?: number;
  /** How long an unused connection is kept, default 60,000. */
  readonly keepMs?: number;
  /** The interval of pings. Default 15,000; 0: no pings. */
  readonly pingEveryMs?: number;
  /**
   * Called when the engine sent a frame after a reply had ended; the connection is then closed. If the reply had ended
   * with its first frame, the engine streams, and the ask was completed with only the first piece of its text. Called
   * at most once for each connection.
   */
  readonly onFrameAfterReply?: () => void;
  /** With `auto`: called when the learned habit of the engine has changed. */
  readonly onHabit?: (habit: Habit) => void;
}

/**
 * After a reply of one frame, a connection serves only the same user for this time, so that a second frame is noticed.
 */
const REST_MS = 50;
const PATIENCE_MS = 1000;
const MAX_WAITING = 1000;
const MAX_SERVED = 256;

/**
 * An engine behind a WebSocket, over pooled connections with one ask in flight each.
 *
 * A connection is closed after a timeout, an abort, a frame outside of a reply, an unusable reply, or when the
 * iteration was left before its end. Disposing closes all connections; asks in flight fail as `stopped`.
 * @throws TypeError when the URL is not valid.
 */
export function createWebSocketEngine(options: WebSocketEngineOptions): Engine {
  checkUrl(options, "websocket");
  const secrets = secretsOf(options.url, options.headers ?? {});
  let habit = newHabit(options.quietMs);
  const learned = (next: Habit): void => {
    if (next === habit) return;
    habit = next;
    if (options.reply === "auto") options.onHabit?.(habit);
  };
  const late = (): void => {
    learned(learnOfLateFrame(habit));
    options.onFrameAfterReply?.();
  };
  // Another frame of a finished reply can only be noticed while the connection rests.
  const rests = (): boolean => options.reply === "single" || (options.reply === "auto" && habit.ends !== "mark");
  const fixed = {
    connections: options.connections,
    idleMs: options.keepMs ?? 60_000,
    maxWaiting: MAX_WAITING,
    maxServed: MAX_SERVED,
    patienceMs: PATIENCE_MS,
  };
  const pool = createPool(() => ({ ...fixed, restMs: rests() ? REST_MS : 0 }), socketOptions(options, secrets), late);
  const conversation = {
    mode: options.reply,
    streamEnd: options.streamEnd ?? "close",
    textFields: [...(options.textFields ?? []), ...TEXT_FIELDS],
    maxReplyBytes: options.maxReplyBytes,
    firstReplyTimeoutMs: options.firstReplyTimeoutMs,
    idleTimeoutMs: options.idleTimeoutMs,
    secrets,
    habit: () => habit,
    ended(reply: Reply, hasLate: boolean) {
      learned(learn(habit, reply));
      if (hasLate) late();
    },
  };

  async function* ask(request: EngineAsk, signal: AbortSignal): AsyncGenerator<EngineEvent, void, void> {
    if (request.resume) throw failure("resume-lost");
    const frame = askFrame(request.message, request.uniqueId);
    checkPromptSize(frame.length, options.maxPromptBytes ?? 0);
    const lease = await pool.acquire(request, signal);
    signal.addEventListener("abort", lease.discard, { once: true });
    try {
      signal.throwIfAborted();
      yield* converse(lease, { ...request, frame }, conversation, signal);
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

/** The options for opening and keeping connections. */
function socketOptions(options: WebSocketEngineOptions, secrets: readonly string[]): Parameters<typeof createPool>[1] {
  return {
    url: options.url,
    headers: { Origin: originOf(options.url), ...options.headers },
    // A frame is JSON around the text, and escapes may make a text six times as long.
    maxFrameBytes: options.maxReplyBytes * 6 + 65_536,
    connectTimeoutMs: options.connectTimeoutMs ?? 5000,
    handshakeTimeoutMs: options.handshakeTimeoutMs ?? options.firstReplyTimeoutMs,
    pingEveryMs: options.pingEveryMs ?? 15_000,
    secrets,
  };
}
