import type { Tracing } from "@docrelay/platform";
import { citationsIn, validCitations, type EngineAsk } from "@docrelay/engine";
import type { AttemptPlan, Begun, Outcome } from "../answer/attempt.ts";
import { streamAnswer, type StreamDeps } from "../answer/stream-answer.ts";
import { traceCall, type CallTrace } from "../report/call-trace.ts";
import type { AskReport } from "../report/ask-report.ts";
import { withOwnWords, type Failure } from "../report/failure.ts";
import { readBegun, resumedAsk } from "./go-on.ts";
import { sendProgress, type ProgressDeps } from "./progress.ts";
import { promptOf, type ChosenPages, type PromptSettings } from "./prompt.ts";
import { retry } from "../report/retry.ts";
import type { Text } from "./texts.ts";
import { chargeTokens, createTokenCount, type TokenCount } from "./token-count.ts";
import { STORE_PATIENCE_MS, type OwnedAsk } from "./turn.ts";

export interface CallDeps extends StreamDeps, ProgressDeps {
  readonly tracing: Tracing | undefined;
  readonly settings: PromptSettings & {
    readonly engineName: string;
    /** How many engine calls one ask may have. */
    readonly attempts: number;
    /** For how many ms a call is repeated while the engine does not accept it. */
    readonly awayMs: number;
    readonly showEngineErrors: boolean;
  };
  readonly report: ProgressDeps["report"] &
    Pick<
      AskReport,
      "begun" | "wentOn" | "engineAway" | "written" | "firstToken" | "fenced" | "ended" | "attemptFailed" | "error"
    >;
}

/** An engine call that the store has counted as the attempt `attempt` of its ask. */
export interface BegunCall extends OwnedAsk {
  readonly attempt: number;
  readonly texts: readonly Text[];
  /** Why this worker's previous engine call for the same ask failed. */
  readonly previous: Failure | undefined;
  readonly chosen: ChosenPages;
  /** The point from which the engine is to continue an answer of a dead worker; undefined for a new answer. */
  readonly point: Begun["point"] | undefined;
  /** When the ask was taken, in ms of this process's clock. */
  readonly takenAt: number;
}

const MAX_PIECE_BYTES = 32_768;
/** How many unwritten UTF-16 units one reply may have; `MAX_HELD_TEXT_BYTES` bounds all replies of the process. */
const MAX_HELD_UNITS = 1_048_576;

/**
 * The outcomes after which the call's tokens are counted for the user. After `stale` and `abandoned` another worker
 * continues the answer or calls the engine again, and counts the tokens. After `ended`, which another process has
 * caused, no tokens are counted.
 */
const CHARGED: ReadonlySet<Outcome["kind"]> = new Set(["completed", "failed", "cancelled", "expired"]);

/** Makes an engine call, streams its reply to the log and reports its outcome. */
export async function callEngine(deps: CallDeps, call: BegunCall): Promise<Outcome> {
  const { report } = deps;
  const { ask, owner, attempt, texts, chosen, point, takenAt } = call;
  const patience = { forMs: STORE_PATIENCE_MS };
  const begun = point && (await retry(() => readBegun(deps.store, ask, point), patience));
  const tokens = createTokenCount();
  const plan = planOf(call, deps.settings.engineName, tokens);
  const { acceptedAt, begunAt, extractMs } = plan;
  const trace = traceOf(deps, call, plan, begun !== undefined);
  let sentAt = begunAt;
  let isSent = false;
  let written = begun?.firstTokenMs === undefined ? 0 : 1;
  // No progress is sent for an ask without files, whose `started` event follows at once, nor for a continued answer, of
  // which readers have text already.
  if (texts.length > 0 && !begun) sendProgress(deps, ask, { stage: "asking" });
  if (begun) report.wentOn(ask, attempt);
  else report.begun(ask, attempt, begunAt - acceptedAt - extractMs);
  const prompt = begun ? resumedAsk(ask, begun) : await retry(() => promptOf(deps, ask, texts, chosen), patience);
  const outcome = await streamAnswer(deps, {
    ask,
    owner,
    attempt,
    plan,
    begun,
    prompt: { ...prompt, traceparent: trace?.traceparent, brokeBefore: call.previous?.engine?.whileSending ?? false },
    awayMs: deps.settings.awayMs,
    expiresInMs: ask.deadline - ask.now - (performance.now() - takenAt),
    onAway(error, sinceMs) {
      report.engineAway(ask, attempt, error, prompt);
      sendProgress(deps, ask, {
        stage: "waiting-for-engine",
        attempt,
        of: deps.settings.attempts + ask.spared,
        sinceMs,
      });
    },
    onSent(agoMs) {
      sentAt = performance.now() - agoMs;
      isSent = true;
      if (!begun) tokens.sent(prompt);
      trace?.sent(sentAt);
    },
    onText: tokens.text,
    tokens: () => tokens.sum,
    onWritten({ type }) {
      report.written(type);
      // The following is done only for the first event after `started`: a `delta`, or `completed` if the whole reply
      // came at once.
      if (type === "started" || written++ > 0) return;
      trace?.firstText();
      const now = performance.now();
      report.firstToken(now - acceptedAt, now - sentAt);
    },
  });
  trace?.over(outcome);
  if (isSent && CHARGED.has(outcome.kind))
    chargeTokens(deps, ask, { tokens: tokens.sum, isOwnCounted: outcome.kind === "completed" });
  return reportOutcome(deps, call, outcome, { acceptedAt, prompt });
}

function traceOf(
  { tracing }: CallDeps,
  { ask, attempt, texts }: BegunCall,
  { engine, acceptedAt, begunAt, extractMs }: AttemptPlan,
  goesOn: boolean,
): CallTrace | undefined {
  const extractions = texts.flatMap(({ traced, extractMs: ms }) => (traced ? [{ ...traced, ms }] : []));
  return tracing && traceCall(tracing, { ask, attempt, engine, acceptedAt, begunAt, extractMs, goesOn, extractions });
}

/** Reports the outcome of a call; returns it with the error message that users are to see. */
function reportOutcome(
  { report, settings }: CallDeps,
  { ask, attempt }: BegunCall,
  outcome: Outcome,
  { acceptedAt, prompt }: { acceptedAt: number; prompt: EngineAsk },
): Outcome {
  if (outcome.kind === "completed") report.ended(ask, attempt, { type: "completed" }, performance.now() - acceptedAt);
  if (outcome.kind === "stale") report.fenced(ask, attempt);
  if (outcome.kind !== "failed") return outcome;
  report.attemptFailed(ask, attempt, outcome.failure, prompt);
  return settings.showEngineErrors ? { ...outcome, failure: withOwnWords(outcome.failure) } : outcome;
}

function planOf({ ask, texts, chosen, takenAt }: BegunCall, engine: string, { usage }: TokenCount): AttemptPlan {
  const files = texts.map(({ pages }, index) => ({
    name: ask.body.files[index]?.name ?? "",
    pages,
    used: chosen[index],
  }));
  return {
    engine,
    cite: (text, given) => (given ? validCitations(given, files) : citationsIn(text, files)),
    usage,
    acceptedAt: takenAt - (ask.now - ask.acceptedAt),
    begunAt: performance.now(),
    extractMs: ask.waited ? Math.max(0, ...texts.map((text) => text.extractMs)) : 0,
    maxPieceBytes: MAX_PIECE_BYTES,
    maxHeldUnits: MAX_HELD_UNITS,
  };
}
