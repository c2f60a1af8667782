import type { TakenAsk } from "@docrelay/channel";
import type { Logger, Metrics } from "@docrelay/platform";
import type { EventBody, Terminal } from "@docrelay/protocol";
import { levelOf, originOf, type Failure } from "./failure.ts";

/** What this process says about asks, in the log and in its metrics: ids, codes and times, never a word of anybody. */
export interface AskReport {
  begun(ask: TakenAsk, attempt: number): void;
  attemptFailed(ask: TakenAsk, attempt: number, failure: Failure): void;
  /** `totalMs` where it is known: since the acceptance. */
  ended(
    ask: TakenAsk,
    attempt: number,
    body: EventBody<Exclude<Terminal, "completed">> | { type: "completed" },
    totalMs: number | undefined,
  ): void;
  bug(ask: TakenAsk, error: unknown): void;
  /** Something went wrong that needs nobody's help; said once a second at most for each thing. */
  trouble(what: string, error: unknown): void;
}

const QUIET_MS = 1000;

export function createAskReport(log: Logger, metrics: Metrics): AskReport {
  const attempts = metrics.counter("docrelay_engine_calls_total", "Engine calls begun");
  const failures = metrics.counter("docrelay_engine_calls_failed_total", "Engine calls that failed, by code", ["code"]);
  const ends = metrics.counter("docrelay_asks_ended_total", "Asks ended by this process, by how", ["how"]);
  const times = metrics.histogram(
    "docrelay_ask_seconds",
    "From acceptance to completion",
    [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300],
  );
  const said = new Map<string, { at: number; quiet: number }>();
  const of = ({ id, conversation, trace }: TakenAsk, attempt?: number): object => ({
    askId: id,
    conversation,
    trace,
    ...(attempt === undefined ? {} : { attempt }),
  });

  return {
    begun(ask, attempt) {
      attempts.inc();
      log.debug(of(ask, attempt), "attempt begun");
    },
    attemptFailed(ask, attempt, { code, reason }) {
      failures.inc({ code });
      log.warn({ ...of(ask, attempt), code, reason }, "attempt failed");
    },
    ended(ask, attempt, body, totalMs) {
      const how = body.type === "failed" ? body.error.code : body.type;
      ends.inc({ how });
      if (totalMs !== undefined) times.observe(totalMs / 1000);
      const level = body.type === "failed" ? levelOf(body.error.code) : "info";
      log[level](
        { ...of(ask, attempt), how, ...(totalMs === undefined ? {} : { totalMs: Math.round(totalMs) }) },
        "ask ended",
      );
    },
    bug: (ask, error) => log.error({ ...of(ask), err: error }, "bug"),
    trouble(what, error) {
      const now = performance.now();
      const last = said.get(what);
      if (last && now - last.at < QUIET_MS) return void last.quiet++;
      said.set(what, { at: now, quiet: 0 });
      const repeated = last?.quiet ?? 0;
      if (originOf(error).kind === "bug") log.error({ what, repeated, err: error }, "trouble");
      else log.warn({ what, repeated, reason: error instanceof Error ? error.message : String(error) }, "trouble");
    },
  };
}
