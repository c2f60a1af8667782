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
 * `url`: begins with `ws://` or `wss://`. `headers`: sent when a connection opens. `Origin` is the engine's own, unless
 * `headers` has another.
 */
export interface WebSocketEngineOptions extends EngineOptions {
  readonly reply: ReplyMode;
  /**
   * `close`, the default: if the engine closes the connection normally after a text, the stream is complete. `frame`: a
   * close never ends a stream.
   */
  readonly streamEnd?: "close" | "frame";
  /**
   * With the reply mode `auto`: after this many ms of silence, a reply that may be complete counts as complete.
   * Default: 5,000.
   */
  readonly quietMs?: number;
  /** The names of fields in which a frame's text is looked for, before those of `TEXT_FIELDS`. */
  readonly textFields?: readonly string[];
  /** How many ms the WebSocket handshake may take once TCP is connected. Default: `firstReplyTimeoutMs`. */
  readonly handshakeTimeoutMs?: number;
  /** For how many ms an unused connection is kept. Default: 60,000. */
  readonly keepMs?: number;
  /** The interval of pings in ms. Default: 15,000. With 0, no pings are sent. */
  readonly pingEveryMs?: number;
  /**
   * Called when the engine sent a frame after a reply had ended. The connection is closed then. If the reply had ended
   * with its first frame, the engine streams, and the ask was completed with only the first piece of its text. Called
   * at most once for each connection.
   */
  readonly onFrameAfterReply?: () => void;
  /** With the reply mode `auto`: called when something new was learned about how the engine ends its replies. */
  readonly onHabit?: (habit: Habit) => void;
}

/**
 * For this many ms after a reply, its connection serves only the same user. If a further frame of the reply arrives in
 * this time, the connection is closed, so the frame reaches no other user. Used unless the engine marks the ends of its
 * replies.
 */
const REST_MS = 50;
const PATIENCE_MS = 1000;
const MAX_WAITING = 1000;
const MAX_SERVED = 256;

/**
 * Creates an engine behind a WebSocket. It uses a pool of connections, with one ask at a time on each.
 *
 * A connection is closed after a timeout, an abort, a frame outside of a reply, an unusable reply, or when the caller
 * stops iterating before the end. Disposing closes all connections; asks that are running fail as `stopped`.
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
  // Whether a connection serves only the same user for `REST_MS` after a reply, because a further frame of that reply
  // may arrive. After a reply whose end the engine marks, none arrives.
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

/** Returns the options with which the pool opens and keeps connections. */
function socketOptions(options: WebSocketEngineOptions, secrets: readonly string[]): Parameters<typeof createPool>[1] {
  return {
    url: options.url,
    headers: { Origin: originOf(options.url), ...options.headers },
    // A frame is JSON around the text; escapes may make the text six times as long.
    maxFrameBytes: options.maxReplyBytes * 6 + 65_536,
    connectTimeoutMs: options.connectTimeoutMs ?? 5000,
    handshakeTimeoutMs: options.handshakeTimeoutMs ?? options.firstReplyTimeoutMs,
    pingEveryMs: options.pingEveryMs ?? 15_000,
    secrets,
  };
}
