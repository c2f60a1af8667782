import type { TakenAsk } from "@docrelay/channel";
import type { Span, Tracing } from "@docrelay/platform";
import { readTrace } from "@docrelay/protocol";

/** The part of a call's outcome that its span shows. */
interface Outcome {
  readonly kind: string;
  readonly failure?: { readonly code: string };
}

/** Writes the trace of one engine call. Times are in ms of this process's monotonic clock. */
export interface CallTrace {
  /** The header `traceparent` for the engine. */
  readonly traceparent: string | undefined;
  /** The engine has received the prompt. */
  sent(at: number): void;
  /** The first text of the reply was written to the log. */
  firstText(): void;
  over(outcome: Outcome): void;
}

export interface TracedCall {
  readonly ask: TakenAsk;
  readonly attempt: number;
  readonly engine: string;
  readonly acceptedAt: number;
  readonly begunAt: number;
  /** How many ms the ask has waited for the texts of its files. */
  readonly extractMs: number;
  /** Whether the call continues an answer that another worker had begun. */
  readonly goesOn: boolean;
  readonly extractions: readonly TracedExtraction[];
}

/** The extraction of one of the ask's files. `at`: when it ended, in ms since the epoch; `ms`: how long it took. */
interface TracedExtraction {
  readonly traceparent: string;
  readonly at: number;
  readonly ms: number;
}

/** An extraction that ended more than this many ms before the ask was accepted gets no span in the ask's trace. */
const READ_AHEAD_MS = 60_000;

/**
 * Writes the spans of an engine call.
 * - `wait`: from the ask's acceptance to its first call.
 * - `engine`: the whole call, with the following two spans inside.
 * - `engine first text`: from the prompt to the first text in the log.
 * - `stream`: from there to the end of the call.
 */
export function traceCall(tracing: Tracing, call: TracedCall): CallTrace {
  const { ask, attempt, engine, begunAt, goesOn } = call;
  const parent = ask.traceparent;
  if (attempt === 1 && !goesOn) traceWait(tracing, call);
  const attributes = { "docrelay.ask": ask.id, "docrelay.attempt": attempt, "docrelay.engine": engine };
  const whole = tracing.begin("engine", { parent, kind: "client", at: epochOf(begunAt), attributes });
  const below = (name: string, at?: number): Span => tracing.begin(name, { parent: whole.traceparent, at });
  let sentAt = begunAt;
  let first: Span | undefined;
  let stream: Span | undefined;
  return {
    traceparent: whole.traceparent,
    sent(at) {
      sentAt = at;
      first ??= below("engine first text", epochOf(sentAt));
    },
    firstText() {
      if (stream) return;
      first?.end();
      stream = below("stream");
    },
    over(outcome) {
      const error = outcome.kind === "completed" ? undefined : errorOf(outcome);
      if (!stream) first?.end({ error });
      stream?.end({ error });
      whole.end({ error, attributes: { "docrelay.how": outcome.kind } });
    },
  };
}

function traceWait(tracing: Tracing, { ask, acceptedAt, begunAt, extractMs, extractions }: TracedCall): void {
  const attributes = {
    "docrelay.ask": ask.id,
    "docrelay.conversation": ask.conversation,
    "docrelay.files": ask.body.files.length,
    "docrelay.extract_ms": Math.round(extractMs),
  };
  const parent = ask.traceparent;
  // An extraction that was queued by an upload, before there was an ask, has a trace of its own. It is shown in the
  // ask's trace too, with a link.
  const others = extractions.filter(({ traceparent }) => readTrace(traceparent).trace !== ask.trace);
  const links = others.map(({ traceparent }) => traceparent);
  const accepted = epochOf(acceptedAt);
  tracing.begin("wait", { parent, at: accepted, attributes, links }).end({ at: epochOf(begunAt) });
  for (const { traceparent, at, ms } of others) {
    if (at < accepted - READ_AHEAD_MS) continue;
    const ahead = { "docrelay.ahead": at < accepted };
    tracing.begin("extract", { parent, at: at - ms, links: [traceparent], attributes: ahead }).end({ at });
  }
}

function errorOf({ kind, failure }: Outcome): string {
  return failure?.code ?? kind;
}

/** Converts a time of this process's clock to ms since the epoch. */
function epochOf(at: number): number {
  return Date.now() - (performance.now() - at);
}
