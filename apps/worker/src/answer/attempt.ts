import { backoff, type Citation, type EventBody } from "@docrelay/protocol";
import { coalesce, EMPTY, type Buffered } from "./coalesce.ts";
import type { Failure } from "../report/failure.ts";

/** The values that stay the same during one attempt. Times are in ms of this process's monotonic clock. */
export interface AttemptPlan {
  /** The engine's name in the `started` event, unless the engine sends another one. */
  readonly engine: string;
  /** Returns the pages that a complete reply cites. `given`: the citations that the engine itself has sent. */
  cite(text: string, given: readonly Citation[] | undefined): readonly Citation[];
  /**
   * Returns how many tokens a complete reply has used; undefined if that is unknown. `given`: the engine's own count.
   */
  usage(text: string, given: EngineEnd["usage"]): EventBody<"completed">["usage"];
  /** When the ask was accepted, in ms of this process's clock. */
  readonly acceptedAt: number;
  /** When this engine call began, in ms of this process's clock. */
  readonly begunAt: number;
  /** How many ms the ask has waited for the texts of its files. */
  readonly extractMs: number;
  /** The most UTF-8 bytes of one `delta`. */
  readonly maxPieceBytes: number;
  /** How many UTF-16 units of the reply may wait in memory while the store does not respond. */
  readonly maxHeldUnits: number;
}

/**
 * `now`: when an input came, in ms of this process's clock. `windowMs`: for how many ms text of the engine is gathered
 * at present before it becomes one `delta`.
 */
export interface Moment {
  readonly now: number;
  readonly windowMs: number;
}

export interface AttemptState {
  /** How many events of this attempt are in the log. */
  readonly n: number;
  /** The events that were sent to the store and that the store has not yet confirmed as written. */
  readonly inFlight: readonly AttemptEvent[];
  /** The text that was not sent to the store yet. */
  readonly buffer: Buffered;
  /**
   * All text of the reply so far. If this worker continues a dead worker's attempt, this includes the text that the
   * dead worker has written.
   */
  readonly text: string;
  /** How the engine has ended its reply; undefined while the reply has not ended. */
  readonly end: EngineEnd | undefined;
  /** When the prompt was sent, in ms of this process's clock; undefined until the engine has received the prompt. */
  readonly sentAt: number | undefined;
  /** The name that the engine itself has sent; if undefined, `AttemptPlan.engine` is used. */
  readonly engine: string | undefined;
  /** When the first text came from the engine, in ms of this process's clock. */
  readonly firstTextAt: number | undefined;
  /**
   * Set when this worker continues the answer of a dead worker: how many UTF-16 units of the engine's next text are
   * dropped, because the dead worker has already written them to the log. Otherwise 0.
   */
  readonly skip: number;
  /**
   * The point from which another worker may continue the answer, if this worker dies. `mark`: the engine's own name for
   * this point; `at`: the point's offset in `text`.
   */
  readonly point: { readonly at: number; readonly mark: string } | undefined;
  /** How many times the events in flight were sent again. */
  readonly resends: number;
  /** Whether the attempt is over; then no input changes anything. */
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
  /** The engine has received the prompt, which was sent `agoMs` ago. */
  | { kind: "sent"; engine?: string; agoMs?: number; mark?: string }
  | { kind: "text"; text: string; mark?: string }
  | { kind: "end"; end: EngineEnd }
  | { kind: "engine-failed"; failure: Failure }
  /** The store has written the events in flight. */
  | { kind: "stored" }
  /**
   * The store has written the events in flight, among them `completed`: the ask has ended. `empty`: the conversation's
   * mailbox has no further ask.
   */
  | { kind: "finished"; empty: boolean }
  /** The store did not reply: the events in flight may or may not be in the log. */
  | { kind: "unknown" }
  /** The store has refused a write: another worker owns the ask, the ask has ended, or its user has cancelled it. */
  | { kind: "stale" | "ended" | "cancelled" }
  | { kind: "tick" }
  /** All replies of this process together hold more unwritten text than `MAX_HELD_TEXT_BYTES`. */
  | { kind: "overflow" }
  | { kind: "expired" }
  /** The process stops: another worker is to continue the ask. */
  | { kind: "abandoned" };

export type AttemptAction =
  /**
   * Write `events` in one step. `n`: the number of the first of these events in the attempt; the numbers begin at 1. If
   * `completed` is among the events, it is the last one and ends the ask. `resumable`: another owner may continue this
   * attempt. `resume`: the point from which that owner may continue once these events are written; if undefined, the
   * stored point stays.
   */
  | { do: "write"; n: number; events: readonly AttemptEvent[]; resumable?: true; resume?: string }
  /** Write the events in flight again, with the same nonce, so that they are not written twice. */
  | { do: "write-again"; afterMs: number }
  /** The attempt is over: release its engine connection and return the outcome. */
  | { do: "settle"; outcome: Outcome };

export type Outcome =
  /** `empty`: the conversation's mailbox had no further ask when this ask was completed. */
  | { kind: "completed"; empty: boolean }
  | { kind: "ended" | "stale" | "expired" | "abandoned" }
  /** `text`: all text that had come from the engine, whether it was written to the log or not. */
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

/** What a dead worker has written of an attempt to the log: `n` events with the text `text`. */
export interface Begun {
  readonly n: number;
  readonly text: string;
  readonly point: NonNullable<AttemptState["point"]>;
  /** The time from `started` to the first text, in ms; undefined if no text is in the log. */
  readonly firstTokenMs: number | undefined;
}

/**
 * Returns the state with which this worker continues the attempt of a dead worker from a point. The dead worker may
 * have written text after the point. The engine sends that text again, and it is skipped.
 */
export function goOn({ n, text, point, firstTokenMs }: Begun, now: number): AttemptState {
  const firstTextAt = firstTokenMs === undefined ? undefined : now;
  const sentAt = now - (firstTokenMs ?? 0);
  const skip = Math.max(0, text.length - point.at);
  return { ...NEW_ATTEMPT, n, text, point, skip, sentAt, firstTextAt };
}

/** Parses a point in the form in which the ask's record stores it; undefined if `stored` has another form. */
export function parsePoint(stored: string): Begun["point"] | undefined {
  const [, at, mark] = /^(\d{1,15}) (.+)$/.exec(stored) ?? [];
  return mark === undefined ? undefined : { at: Number(at), mark };
}

/** The most events of one write. A long reply that had to wait for the store is written in several steps. */
const MAX_EVENTS_PER_WRITE = 8;
const RESEND_MS = { firstMs: 50, longestMs: 1000 };

/**
 * One engine call, from its start to its outcome, as a pure function: it returns the actions for each input. Only one
 * write is in flight at a time, so that a re-send always repeats the last write; text that arrives during a write is
 * gathered. Events that are ready at the same time are written together, because each write costs an fsync: so the
 * first delta of a reply does not wait for the fsync of `started`.
 */
export function attempt(state: AttemptState, input: AttemptInput, plan: AttemptPlan, at: Moment): AttemptStep {
  if (state.over) return { state, actions: [] };
  switch (input.kind) {
    case "sent":
      // Nothing is written yet: `started` is written together with the first text, or at a tick if no text comes soon.
      return {
        state: {
          ...state,
          // A continued attempt has its `started` event in the log already. For a new one, these fields go into it.
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
      // A failure after the reply's end changes nothing: the whole reply has arrived.
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
 * Returns a write of the events that are ready, at most `MAX_EVENTS_PER_WRITE`: `started`, then deltas, then
 * `completed`. Returns no write while another write is in flight.
 */
function writeReady(
  state: AttemptState,
  { text = "", tick = false }: { text?: string; tick?: boolean },
  plan: AttemptPlan,
  { now, windowMs }: Moment,
): AttemptStep {
  // Text that comes before the input `sent` waits for that input; engines are not expected to send text so early.
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

/**
 * Returns the newest point at which the answer can be continued. `mark`: the engine's own name for the point that its
 * answer has just reached; if it is undefined, the point of `state` stays the newest one.
 */
function pointAt({ text, skip, point }: AttemptState, mark: string | undefined): AttemptState["point"] {
  return mark === undefined ? point : { at: text.length - skip, mark };
}

/**
 * Returns the fields of a write that say from which point another owner may continue. `buffer`: the text that is still
 * unwritten after that write. A point inside `buffer` is not stored yet, because the log lacks the text before that
 * point.
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
