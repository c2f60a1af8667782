import { backoff, type Citation, type EventBody } from "@docrelay/protocol";
import { coalesce, EMPTY, type Buffered } from "./coalesce.ts";
import type { Failure } from "../report/failure.ts";

/** The values that stay the same during one attempt. Times are in ms of this process's monotonic clock. */
export interface AttemptPlan {
  /** The engine's name in the `started` event. */
  readonly engine: string;
  /** Returns the pages that a whole reply cites. `given`: the citations that the engine itself sent. */
  cite(text: string, given: readonly Citation[] | undefined): readonly Citation[];
  /**
   * Returns the tokens that a whole reply has used. `given`: the engine's own count. Undefined where the count is
   * unknown.
   */
  usage(text: string, given: EngineEnd["usage"]): EventBody<"completed">["usage"];
  readonly acceptedAt: number;
  readonly begunAt: number;
  readonly extractMs: number;
  readonly maxPieceBytes: number;
  /** Most text of the reply that may wait in memory while the store does not respond, in UTF-16 units. */
  readonly maxHeldUnits: number;
}

/** The time of an input, in ms of the plan's clock, and for how long text is gathered at that time. */
export interface Moment {
  readonly now: number;
  readonly windowMs: number;
}

export interface AttemptState {
  /** The number of this attempt's events that are in the log. */
  readonly n: number;
  /** The events of the write to which the store has not replied yet. */
  readonly inFlight: readonly AttemptEvent[];
  readonly buffer: Buffered;
  /** All text that the engine has sent. */
  readonly text: string;
  readonly end: EngineEnd | undefined;
  readonly sentAt: number | undefined;
  /** The name that the engine itself has sent; if undefined, the plan's name is used. */
  readonly engine: string | undefined;
  readonly firstTextAt: number | undefined;
  /** How many UTF-16 units of the engine's next text are in the log already. */
  readonly skip: number;
  /**
   * The point from which another worker may continue the answer: `mark` is the engine's mark, `at` its offset in the
   * text.
   */
  readonly point: { readonly at: number; readonly mark: string } | undefined;
  /** How often the events in flight were sent again. */
  readonly resends: number;
  readonly over: boolean;
}

export type AttemptEvent = EventBody<"started" | "delta" | "completed">;

export interface EngineEnd {
  readonly text?: string;
  readonly frame?: string;
  readonly truncated?: boolean;
  readonly citations?: readonly Citation[];
  readonly suggestions?: readonly string[];
  readonly usage?: { readonly promptTokens: number; readonly answerTokens: number };
}

export type AttemptInput =
  /** From the engine: it has received the prompt. */
  | { kind: "sent"; engine?: string; agoMs?: number; mark?: string }
  | { kind: "text"; text: string; mark?: string }
  | { kind: "end"; end: EngineEnd }
  | { kind: "engine-failed"; failure: Failure }
  /** From the store: the events in flight are in the log. */
  | { kind: "stored" }
  /**
   * From the store: the events in flight are in the log, and the ask has ended. `empty`: the mailbox then held no
   * further ask.
   */
  | { kind: "finished"; empty: boolean }
  /** The store did not reply: the events in flight may or may not be in the log. */
  | { kind: "unknown" }
  /** From the store: another worker owns the ask, the ask has ended, or its user has cancelled it. */
  | { kind: "stale" | "ended" | "cancelled" }
  | { kind: "tick" }
  /** All asks of the process together hold more text than allowed. */
  | { kind: "overflow" }
  | { kind: "expired" }
  /** The process stops: another worker is to continue the ask. */
  | { kind: "abandoned" };

export type AttemptAction =
  /**
   * Write events in one step: the n-th event of the attempt and those after it. `completed` comes last and ends the
   * ask. `resumable`: another owner may continue this attempt; `resume`: the point from which it continues, after these
   * events.
   */
  | { do: "write"; n: number; events: readonly AttemptEvent[]; resumable?: true; resume?: string }
  /** Write the same events again, with the same nonce. */
  | { do: "write-again"; afterMs: number }
  /** The attempt is over; its engine connection is released. */
  | { do: "settle"; outcome: Outcome };

export type Outcome =
  /** `empty`: the mailbox held no further ask when this ask was completed. */
  | { kind: "completed"; empty: boolean }
  | { kind: "ended" | "stale" | "expired" | "abandoned" }
  /** `text`: all text that had arrived, in the log or not. */
  | { kind: "cancelled"; text: string }
  | { kind: "failed"; failure: Failure };

export interface AttemptStep {
  readonly state: AttemptState;
  readonly actions: readonly AttemptAction[];
}

export const NEW_ATTEMPT: AttemptState = {
  n: 0,
  inFlight: [],
  buffer: EMPTY,
  text: "",
  end: undefined,
  sentAt: undefined,
  engine: undefined,
  firstTextAt: undefined,
  skip: 0,
  point: undefined,
  resends: 0,
  over: false,
};

/** The part of an attempt that is in the log, after its worker has died; `n`: how many events. */
export interface Begun {
  readonly n: number;
  readonly text: string;
  readonly point: NonNullable<AttemptState["point"]>;
  /** From `started` to the first text, in ms; undefined while there is none. */
  readonly firstTokenMs: number | undefined;
}

/**
 * Continues an attempt from a point that another worker had reached. That worker may have written more text after the
 * point.
 */
export function goOn({ n, text, point, firstTokenMs }: Begun, now: number): AttemptState {
  const firstTextAt = firstTokenMs === undefined ? undefined : now;
  const sentAt = now - (firstTokenMs ?? 0);
  const skip = Math.max(0, text.length - point.at);
  return { ...NEW_ATTEMPT, n, text, point, skip, sentAt, firstTextAt };
}

/** Parses a stored point; undefined if it cannot be read. */
export function parsePoint(stored: string): Begun["point"] | undefined {
  const [, at, mark] = /^(\d{1,15}) (.+)$/.exec(stored) ?? [];
  return mark === undefined ? undefined : { at: Number(at), mark };
}

/** Most events of one write; a reply that had to wait for the store is written in several steps. */
const MAX_EVENTS_PER_WRITE = 8;
const RESEND_MS = { firstMs: 50, longestMs: 1000 };

/**
 * One engine call, from its begin to its outcome, as a pure function: it returns the actions for each input. Only one
 * write is in flight at a time, so that a re-send always repeats the last write; text that arrives meanwhile is
 * gathered. Events that are ready at the same time are written together, because each write costs an fsync: otherwise
 * the first piece of a reply would wait for the fsync of `started`.
 */
export function attempt(state: AttemptState, input: AttemptInput, plan: AttemptPlan, at: Moment): AttemptStep {
  if (state.over) return { state, actions: [] };
  switch (input.kind) {
    case "sent":
      // `started` waits for the first text, or for one window: so a fast engine's first piece is written together with
      // it.
      return {
        state: {
          ...state,
          // An attempt that continues has its `started` event in the log already.
          ...(state.n > 0 ? {} : { sentAt: at.now - (input.agoMs ?? 0), engine: input.engine }),
          point: pointAt(state, input.mark),
        },
        actions: [],
      };
    case "text": {
      const text = input.text.slice(state.skip);
      const firstTextAt = state.firstTextAt ?? (text === "" ? undefined : at.now);
      const skip = Math.max(0, state.skip - input.text.length);
      const received = { ...state, text: state.text + text, skip, firstTextAt };
      const next = writeReady({ ...received, point: pointAt(received, input.mark) }, { text }, plan, at);
      return next.state.buffer.text.length > plan.maxHeldUnits ? overflow(next.state) : next;
    }
    case "end":
      return writeReady({ ...state, end: input.end, firstTextAt: state.firstTextAt ?? at.now }, {}, plan, at);
    case "tick": {
      const isYoung = state.n === 0 && state.sentAt !== undefined && at.now - state.sentAt < at.windowMs;
      return isYoung && state.firstTextAt === undefined
        ? { state, actions: [] }
        : writeReady(state, { tick: true }, plan, at);
    }
    case "stored":
      return writeReady({ ...state, n: state.n + state.inFlight.length, inFlight: [], resends: 0 }, {}, plan, at);
    case "finished":
      return settle(state, { kind: "completed", empty: input.empty });
    case "unknown": {
      const afterMs = backoff(state.resends, RESEND_MS, 1);
      return { state: { ...state, resends: state.resends + 1 }, actions: [{ do: "write-again", afterMs }] };
    }
    case "engine-failed":
      // When the reply is complete, a later failure of the engine changes nothing.
      return state.end ? { state, actions: [] } : settle(state, { kind: "failed", failure: input.failure });
    case "overflow":
      return state.end ? { state, actions: [] } : overflow(state);
    case "cancelled":
      return settle(state, { kind: "cancelled", text: state.text });
    case "stale":
    case "ended":
    case "expired":
    case "abandoned":
      return settle(state, { kind: input.kind });
  }
}

/**
 * Writes everything that is ready in one step, unless a write is in flight: `started`, then deltas, then `completed`.
 */
function writeReady(
  state: AttemptState,
  { text = "", tick = false }: { text?: string; tick?: boolean },
  plan: AttemptPlan,
  { now, windowMs }: Moment,
): AttemptStep {
  // Text that comes before `sent` waits for `started`; this is not expected.
  const busy = state.inFlight.length > 0 || state.sentAt === undefined;
  const rule = { windowMs, maxBytes: plan.maxPieceBytes };
  const given = { busy, tick, last: state.end !== undefined };
  const events: AttemptEvent[] = [];
  if (!busy && state.n === 0) events.push({ type: "started", engine: state.engine ?? plan.engine });
  let { buffer, piece } = coalesce(state.buffer, { ...given, text }, now, rule);
  while (piece !== undefined) {
    events.push({ type: "delta", text: piece });
    if (events.length >= MAX_EVENTS_PER_WRITE) break;
    ({ buffer, piece } = coalesce(buffer, { ...given, text: "" }, now, rule));
  }
  if (state.end && !busy && buffer.text === "" && events.length < MAX_EVENTS_PER_WRITE) {
    events.push(completed(state, state.end, now, plan));
  }
  if (events.length === 0) return { state: { ...state, buffer }, actions: [] };
  return {
    state: { ...state, buffer, inFlight: events, resends: 0 },
    actions: [{ do: "write", n: state.n + 1, events, ...resumeOf(state, buffer) }],
  };
}

/** Returns the engine's newest mark with its offset in the text; without a new mark, the earlier point. */
function pointAt({ text, skip, point }: AttemptState, mark: string | undefined): AttemptState["point"] {
  return mark === undefined ? point : { at: text.length - skip, mark };
}

/**
 * Returns the point from which another owner may continue after a write that leaves `buffer` unwritten: never a point
 * after the written text.
 */
function resumeOf({ text, point }: AttemptState, buffer: Buffered): { resumable?: true; resume?: string } {
  if (!point) return {};
  const isWritten = point.at <= text.length - buffer.text.length;
  return { resumable: true, ...(isWritten ? { resume: `${point.at} ${point.mark}` } : {}) };
}

function completed(state: AttemptState, end: EngineEnd, now: number, plan: AttemptPlan): EventBody<"completed"> {
  const { acceptedAt, begunAt, extractMs } = plan;
  const since = (from: number, to: number): number => Math.max(0, Math.round(to - from));
  const text = end.text ?? state.text;
  const citations = plan.cite(text, end.citations);
  const usage = plan.usage(text, end.usage);
  return {
    type: "completed",
    text,
    timings: {
      queuedMs: Math.max(0, since(acceptedAt, begunAt) - extractMs),
      extractMs,
      firstTokenMs: since(state.sentAt ?? begunAt, state.firstTextAt ?? now),
      totalMs: since(acceptedAt, now),
    },
    ...(citations.length > 0 ? { citations: [...citations] } : {}),
    ...(end.suggestions && { suggestions: [...end.suggestions] }),
    ...(end.truncated === true ? { truncated: true } : {}),
    ...(end.frame === undefined ? {} : { frame: end.frame }),
    ...(usage && { usage }),
  };
}

function settle(state: AttemptState, outcome: Outcome): AttemptStep {
  return { state: { ...state, over: true, buffer: EMPTY }, actions: [{ do: "settle", outcome }] };
}

function overflow(state: AttemptState): AttemptStep {
  return settle(state, { kind: "failed", failure: { code: "ENGINE_UNAVAILABLE", reason: "held" } });
}
