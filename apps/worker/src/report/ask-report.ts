import type { TakenAsk } from "@docrelay/channel";
import type { EngineError, Habit, ReplyMode } from "@docrelay/engine";
import { logAtMostOnceASecond, type Logger, type Metrics, type Tracing } from "@docrelay/platform";
import type { EventBody, EventType, Terminal } from "@docrelay/protocol";
import { levelOf, originOf, type Failure } from "./failure.ts";
import { repeatsPrompt, type SentPrompt } from "./repeats-prompt.ts";

/**
 * Logs and counts what happens to asks. Log lines have ids, codes, times and an engine's own error messages, but never
 * a word of a question, a document or a reply.
 */
export interface AskReport {
  /** An engine call begins. `waitedMs`: the time since the acceptance, without the wait for the texts of the files. */
  begun(ask: TakenAsk, attempt: number, waitedMs: number): void;
  /** The engine continues an answer that a worker which is gone had begun; this does not count as another call. */
  wentOn(ask: TakenAsk, attempt: number): void;
  /** An event was written to the log. */
  written(type: EventType): void;
  /**
   * The first text of a reply was written to the log. `sinceMs`: the time since the acceptance; `engineMs`: the time
   * since the prompt was sent.
   */
  firstToken(sinceMs: number, engineMs: number): void;
  /** `prompt`: what the engine was sent; a message of the engine that repeats a part of it is not logged. */
  attemptFailed(ask: TakenAsk, attempt: number, failure: Failure, prompt: SentPrompt): void;
  /** The engine did not accept a call, which will be repeated. */
  engineAway(ask: TakenAsk, attempt: number, error: EngineError, prompt: SentPrompt): void;
  /** The store refused a write of this process as stale: another worker owns the ask. */
  fenced(ask: TakenAsk, attempt: number): void;
  /** The ask has ended. `totalMs`: the time since its acceptance, if known. */
  ended(ask: TakenAsk, attempt: number, body: EndBody, totalMs: number | undefined): void;
  /** The engine sent a frame after a reply had ended. Each such frame is counted; one warning is logged per minute. */
  frameAfterReply(mode: ReplyMode): void;
  /** With `ENGINE_REPLY=auto`, the worker has found out how the engine replies, and reads its replies accordingly. */
  engineHabit(habit: Habit): void;
  /** A bug has ended the ask, because a retry would fail in the same way. */
  bug(ask: TakenAsk, error: unknown): void;
  /** Logs an error from which the process recovers by itself, at most once a second for each `what`. */
  error(what: string, error: unknown): void;
}

type EndBody = EventBody<Exclude<Terminal, "completed">> | { readonly type: "completed" };
type AskMetrics = ReturnType<typeof createAskMetrics>;

const FRAME_WARNING_EVERY_MS = 60_000;
const AWAY_WARNING_EVERY_MS = 5000;
const FRAME_WARNINGS: Record<ReplyMode, string> = {
  auto: "ENGINE_REPLY=auto took the first frames of a reply for all of it: the engine streams, with long pauses. Set ENGINE_REPLY=stream, and let it send an end frame.",
  single:
    "ENGINE_REPLY=single, but the engine sent a second frame: it streams, and asks were completed with the first piece only. Set ENGINE_REPLY=stream.",
  stream: "The engine sent a frame after the end of its stream. It was dropped, and the connection was closed.",
};
const HABITS: Record<Exclude<Habit["ends"], "unknown">, string> = {
  one: "One frame is a reply so far, and a short silence ends it. Set ENGINE_REPLY=single to save that, if it is always so.",
  mark: "Replies are streams that end with a frame or a close: as ENGINE_REPLY=stream.",
  quiet:
    "Replies are streams without an end, which only a silence of some seconds ends. Let the engine send a frame of type end.",
};
const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

export function createAskReport(log: Logger, metrics: Metrics, tracing?: Tracing): AskReport {
  const counted = createAskMetrics(metrics);
  const warnOfFrame = createRareWarning(log, "engine sent a frame after its reply", FRAME_WARNING_EVERY_MS);
  const warnOfAway = createRareWarning(log, "waiting for the engine", AWAY_WARNING_EVERY_MS);

  return {
    begun(ask, attempt, waitedMs) {
      counted.calls.inc();
      counted.queueWaits.observe(Math.max(0, waitedMs) / 1000);
      log.debug(fieldsOf(ask, attempt), "attempt begun");
    },
    wentOn: (ask, attempt) => log.info(fieldsOf(ask, attempt), "attempt goes on"),
    written: (type) => counted.events.inc({ type }),
    firstToken(sinceMs, engineMs) {
      counted.firstTokens.observe(sinceMs / 1000);
      counted.engineFirstTokens.observe(engineMs / 1000);
    },
    attemptFailed(ask, attempt, { code, reason, engine }, prompt) {
      const cause = engine?.why ?? reason ?? "other";
      counted.failedCalls.inc({ code, cause });
      const facts = engine && { ...wordsOf(engine, ask, prompt), retry: engine.retry };
      log.warn({ ...fieldsOf(ask, attempt), code, cause, ...facts }, "attempt failed");
    },
    engineAway: (ask, attempt, error, prompt) =>
      warnOfAway(() => ({ ...fieldsOf(ask, attempt), cause: error.why, ...wordsOf(error, ask, prompt) })),
    fenced(ask, attempt) {
      counted.staleAttempts.inc();
      log.info(fieldsOf(ask, attempt), "attempt fenced");
    },
    ended: (ask, attempt, body, totalMs) => reportEnd({ log, counted, tracing }, { ask, attempt, body, totalMs }),
    frameAfterReply(mode) {
      counted.lateFrames.inc();
      warnOfFrame(() => ({ warning: FRAME_WARNINGS[mode] }));
    },
    engineHabit({ ends }) {
      if (ends === "unknown") return;
      const level = ends === "quiet" ? "warn" : "info";
      log[level]({ replies: ends, warning: HABITS[ends] }, "engine's replies recognised");
    },
    bug: (ask, error) => log.error({ ...fieldsOf(ask), err: error }, "bug"),
    error: logAtMostOnceASecond((what, error, repeated) => {
      if (originOf(error).kind === "bug") log.error({ what, repeated, err: error }, "recoverable error");
      else
        log.warn(
          { what, repeated, reason: error instanceof Error ? error.message : String(error) },
          "recoverable error",
        );
    }),
  };
}

/**
 * Returns the fields for a log line about an error of the engine: what happened, and what the engine said about it. Logs
 * hold no words of users or documents, so a text of the engine that repeats the prompt is replaced.
 */
function wordsOf({ message, said }: EngineError, ask: TakenAsk, prompt: SentPrompt): object {
  if (said === undefined) return { detail: message };
  if (repeatsPrompt(said, ask, prompt)) return { said: "(the message repeats a part of the prompt)" };
  return { detail: message, said };
}

/** Returns the fields that each log line about an ask has. */
function fieldsOf({ id, conversation, trace }: TakenAsk, attempt?: number): object {
  return { askId: id, conversation, trace, ...(attempt === undefined ? {} : { attempt }) };
}

function reportEnd(
  { log, counted, tracing }: { log: Logger; counted: AskMetrics; tracing: Tracing | undefined },
  end: { ask: TakenAsk; attempt: number; body: EndBody; totalMs: number | undefined },
): void {
  const { ask, attempt, body, totalMs } = end;
  const how = body.type === "failed" ? body.error.code : body.type;
  counted.ends.inc({ how });
  // The event `completed` was counted when it was written to the log.
  if (body.type !== "completed") counted.events.inc({ type: body.type });
  if (totalMs !== undefined) counted.askSeconds.observe(totalMs / 1000);
  // For `completed` no span is needed: the span of the engine call shows the end.
  if (body.type !== "completed") {
    const attributes = { "docrelay.ask": ask.id, "docrelay.how": how };
    tracing?.begin("end", { parent: ask.traceparent, attributes }).end(body.type === "failed" ? { error: how } : {});
  }
  const level = body.type === "failed" ? levelOf(body.error.code) : "info";
  log[level](
    { ...fieldsOf(ask, attempt), how, ...(totalMs === undefined ? {} : { totalMs: Math.round(totalMs) }) },
    "ask ended",
  );
}

/**
 * Logs at most one warning in `everyMs`. Its field `repeated` is the number of warnings that were left out since the
 * previous logged one.
 */
function createRareWarning(log: Logger, message: string, everyMs: number): (fields: () => object) => void {
  let last = { at: -Infinity, repeated: 0 };
  return (fields) => {
    const now = performance.now();
    if (now - last.at < everyMs) return void last.repeated++;
    log.warn({ ...fields(), repeated: last.repeated }, message);
    last = { at: now, repeated: 0 };
  };
}

function createAskMetrics(metrics: Metrics) {
  return {
    calls: metrics.counter("docrelay_engine_calls_total", "Engine calls begun"),
    failedCalls: metrics.counter("docrelay_engine_calls_failed_total", "Engine calls that failed, by code and cause", [
      "code",
      "cause",
    ]),
    ends: metrics.counter("docrelay_asks_ended_total", "Asks ended by this process, by how", ["how"]),
    askSeconds: metrics.histogram("docrelay_ask_seconds", "From acceptance to completion", SECONDS),
    queueWaits: metrics.histogram(
      "docrelay_queue_wait_seconds",
      "From acceptance to the engine call, without the time that files took",
      [0.001, 0.0025, 0.005, ...SECONDS],
    ),
    firstTokens: metrics.histogram(
      "docrelay_first_token_seconds",
      "From acceptance to the first piece of the reply in the log",
      [0.0025, 0.005, ...SECONDS],
    ),
    engineFirstTokens: metrics.histogram(
      "docrelay_engine_first_token_seconds",
      "From the prompt sent to the engine's first piece",
      [0.0025, 0.005, ...SECONDS],
    ),
    events: metrics.counter("docrelay_events_total", "Events written to reply logs, by type", ["type"]),
    staleAttempts: metrics.counter(
      "docrelay_stale_appends_total",
      "Attempts that ended because another worker owned the ask",
    ),
    lateFrames: metrics.counter(
      "docrelay_engine_frames_after_reply_total",
      "Frames that came after their reply had ended; with ENGINE_REPLY=single: the engine streams",
    ),
  };
}
