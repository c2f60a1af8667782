import type { TakenAsk } from "@docrelay/channel";
import type { ReplyMode } from "@docrelay/engine";
import { logAtMostOnceASecond, type Logger, type Metrics } from "@docrelay/platform";
import type { EventBody, EventType, Terminal } from "@docrelay/protocol";
import { levelOf, originOf, type Failure } from "./failure.ts";

/** What this process says about asks, in the log and in its metrics: ids, codes and times, never a word of anybody. */
export interface AskReport {
  /** `waitedMs`: since the acceptance, without the time its files took. */
  begun(ask: TakenAsk, attempt: number, waitedMs: number): void;
  /** An event is in the log. */
  written(type: EventType): void;
  /** The first piece of a reply is in the log. `sinceMs`: since the acceptance, `engineMs`: since the prompt was sent. */
  firstToken(sinceMs: number, engineMs: number): void;
  attemptFailed(ask: TakenAsk, attempt: number, failure: Failure): void;
  /** What this process still wanted to write was stale: another one has the ask. */
  fenced(ask: TakenAsk, attempt: number): void;
  /** `totalMs` where it is known: since the acceptance. */
  ended(
    ask: TakenAsk,
    attempt: number,
    body: EventBody<Exclude<Terminal, "completed">> | { type: "completed" },
    totalMs: number | undefined,
  ): void;
  /** The engine sent a frame after a reply had ended. Each one is counted; one warning is logged per minute. */
  frameAfterReply(mode: ReplyMode): void;
  bug(ask: TakenAsk, error: unknown): void;
  /** Logs an error from which the process recovers by itself, at most once a second for each `what`. */
  trouble(what: string, error: unknown): void;
}

const FRAME_WARNING_EVERY_MS = 60_000;
const FRAME_WARNINGS: Record<ReplyMode, string> = {
  single:
    "ENGINE_REPLY=single, but the engine sent a second frame: it streams, and asks were completed with the first piece only. Set ENGINE_REPLY=stream.",
  stream: "The engine sent a frame after the end of its stream. It was dropped, and the connection was closed.",
};
const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

export function createAskReport(log: Logger, metrics: Metrics): AskReport {
  const attempts = metrics.counter("docrelay_engine_calls_total", "Engine calls begun");
  const failures = metrics.counter("docrelay_engine_calls_failed_total", "Engine calls that failed, by code", ["code"]);
  const ends = metrics.counter("docrelay_asks_ended_total", "Asks ended by this process, by how", ["how"]);
  const times = metrics.histogram("docrelay_ask_seconds", "From acceptance to completion", SECONDS);
  const waits = metrics.histogram(
    "docrelay_queue_wait_seconds",
    "From acceptance to the engine call, without the time that files took",
    [0.001, 0.0025, 0.005, ...SECONDS],
  );
  const firsts = metrics.histogram(
    "docrelay_first_token_seconds",
    "From acceptance to the first piece of the reply in the log",
    [0.0025, 0.005, ...SECONDS],
  );
  const engineFirsts = metrics.histogram(
    "docrelay_engine_first_token_seconds",
    "From the prompt sent to the engine's first piece",
    [0.0025, 0.005, ...SECONDS],
  );
  const events = metrics.counter("docrelay_events_total", "Events written to reply logs, by type", ["type"]);
  const stales = metrics.counter("docrelay_stale_appends_total", "Attempts that ended since the ask was another's");
  const lateFrames = metrics.counter(
    "docrelay_engine_frames_after_reply_total",
    "Frames that came after their reply had ended; with ENGINE_REPLY=single: the engine streams",
  );
  let frameWarning = { at: -Infinity, repeated: 0 };
  const of = ({ id, conversation, trace }: TakenAsk, attempt?: number): object => ({
    askId: id,
    conversation,
    trace,
    ...(attempt === undefined ? {} : { attempt }),
  });

  return {
    begun(ask, attempt, waitedMs) {
      attempts.inc();
      waits.observe(Math.max(0, waitedMs) / 1000);
      log.debug(of(ask, attempt), "attempt begun");
    },
    written: (type) => events.inc({ type }),
    firstToken(sinceMs, engineMs) {
      firsts.observe(sinceMs / 1000);
      engineFirsts.observe(engineMs / 1000);
    },
    attemptFailed(ask, attempt, { code, reason }) {
      failures.inc({ code });
      log.warn({ ...of(ask, attempt), code, reason }, "attempt failed");
    },
    fenced(ask, attempt) {
      stales.inc();
      log.info(of(ask, attempt), "attempt fenced");
    },
    ended(ask, attempt, body, totalMs) {
      const how = body.type === "failed" ? body.error.code : body.type;
      ends.inc({ how });
      // A completed one was counted as it was written.
      if (body.type !== "completed") events.inc({ type: body.type });
      if (totalMs !== undefined) times.observe(totalMs / 1000);
      const level = body.type === "failed" ? levelOf(body.error.code) : "info";
      log[level](
        { ...of(ask, attempt), how, ...(totalMs === undefined ? {} : { totalMs: Math.round(totalMs) }) },
        "ask ended",
      );
    },
    frameAfterReply(mode) {
      lateFrames.inc();
      const now = performance.now();
      if (now - frameWarning.at < FRAME_WARNING_EVERY_MS) return void frameWarning.repeated++;
      log.warn(
        { warning: FRAME_WARNINGS[mode], repeated: frameWarning.repeated },
        "engine sent a frame after its reply",
      );
      frameWarning = { at: now, repeated: 0 };
    },
    bug: (ask, error) => log.error({ ...of(ask), err: error }, "bug"),
    trouble: logAtMostOnceASecond((what, error, repeated) => {
      if (originOf(error).kind === "bug") log.error({ what, repeated, err: error }, "trouble");
      else log.warn({ what, repeated, reason: error instanceof Error ? error.message : String(error) }, "trouble");
    }),
  };
}
