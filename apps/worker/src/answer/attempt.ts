import { backoff, type Citation, type EventBody } from "@docrelay/protocol";
import { coalesce, EMPTY, type Buffered } from "./coalesce.ts";
import type { Failure } from "../report/failure.ts";

/** What does not change during one attempt. Times are ms of one local clock. */
export interface AttemptPlan {
  /** Goes into `started`. */
  readonly engine: string;
  readonly files: number;
  readonly acceptedAt: number;
  readonly begunAt: number;
  readonly extractMs: number;
  readonly maxPieceBytes: number;
  /** Most of a reply that is held back while the store does not take it, in UTF-16 units. */
  readonly maxHeld: number;
}

export interface AttemptState {
  /** Events that are in the log. */
  readonly n: number;
  /** The events that were given to the store together and not answered yet. */
  readonly inFlight: readonly AttemptEvent[];
  readonly buffer: Buffered;
  /** Everything the engine has said. */
  readonly text: string;
  readonly end: EngineEnd | undefined;
  readonly sentAt: number | undefined;
  readonly firstTextAt: number | undefined;
  /** Sends of the events in flight that came to nothing. */
  readonly resends: number;
  readonly over: boolean;
}

export type AttemptEvent = EventBody<"started" | "delta" | "completed">;

export interface EngineEnd {
  readonly text?: string;
  readonly frame?: string;
  readonly citations?: readonly Citation[];
}

export type AttemptInput =
  /** From the engine. */
  | { kind: "sent" }
  | { kind: "text"; text: string }
  | { kind: "end"; end: EngineEnd }
  | { kind: "engine-failed"; failure: Failure }
  /** From the store, about the events in flight. `unknown`: it did not answer. */
  | { kind: "stored" | "unknown" }
  /** From the store, about the ask: somebody else has it, it has ended, its user has cancelled it. */
  | { kind: "stale" | "ended" | "cancelled" }
  | { kind: "tick" }
  /** The process holds back too much. */
  | { kind: "overflow" }
  | { kind: "expired" }
  /** The process ends: somebody else is to go on. */
  | { kind: "abandoned" };

export type AttemptAction =
  /** Give events to the store in one step, the n-th and those after it; `completed` is the last and ends the ask. */
  | { do: "write"; n: number; events: readonly AttemptEvent[] }
  /** Give the same events to the store again, with the same nonce. */
  | { do: "write-again"; afterMs: number }
  /** The attempt is over; the engine's connection is let go of. */
  | { do: "settle"; outcome: Outcome };

export type Outcome =
  | { kind: "completed" | "ended" | "stale" | "expired" | "abandoned" }
  /** `text`: what had arrived, shown or not. */
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
  firstTextAt: undefined,
  resends: 0,
  over: false,
};

/** Most events of one write: a reply that was held back for long goes in several. */
const MAX_TOGETHER = 8;
const RESEND_MS = { firstMs: 50, longestMs: 1000 };

/**
 * One engine call, from its begin to its end: what to do with each thing that happens. One write is on its way to the
 * store at a time, so that a re-send is always of the last one; the engine is read on meanwhile. What is there to be
 * written goes together: each write is a turn of its own for the store's disk, and the first piece of a reply would wait
 * for that of `started`.
 */
export function attempt(
  state: AttemptState,
  input: AttemptInput,
  now: number,
  plan: AttemptPlan,
  windowMs: number,
): AttemptStep {
  if (state.over) return { state, actions: [] };
  switch (input.kind) {
    case "sent":
      // Until the first text or the next tick: an engine that is quick has its first piece written with it.
      return { state: { ...state, sentAt: now }, actions: [] };
    case "text": {
      const firstTextAt = state.firstTextAt ?? (input.text === "" ? undefined : now);
      const next = pump({ ...state, text: state.text + input.text, firstTextAt }, input.text, now, plan, windowMs);
      return next.state.buffer.text.length > plan.maxHeld ? overflow(next.state) : next;
    }
    case "end":
      return pump({ ...state, end: input.end, firstTextAt: state.firstTextAt ?? now }, "", now, plan, windowMs);
    case "tick":
      return pump(state, "", now, plan, windowMs, true);
    case "stored":
      if (state.inFlight.at(-1)?.type === "completed") return settle(state, { kind: "completed" });
      return pump({ ...state, n: state.n + state.inFlight.length, inFlight: [], resends: 0 }, "", now, plan, windowMs);
    case "unknown": {
      const afterMs = backoff(state.resends, RESEND_MS, 1);
      return { state: { ...state, resends: state.resends + 1 }, actions: [{ do: "write-again", afterMs }] };
    }
    case "engine-failed":
      // After its end the engine has nothing to say any more: the reply is whole.
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

/** All that can be written, if nothing is on its way: `started`, then deltas, then `completed`. */
function pump(
  state: AttemptState,
  text: string,
  now: number,
  plan: AttemptPlan,
  windowMs: number,
  beat = false,
): AttemptStep {
  // Before `sent` nothing can come; should it, it waits for `started`.
  const busy = state.inFlight.length > 0 || state.sentAt === undefined;
  const rule = { windowMs, maxBytes: plan.maxPieceBytes };
  const events: AttemptEvent[] = [];
  if (!busy && state.n === 0) events.push({ type: "started", engine: plan.engine });
  let { buffer, piece } = coalesce(state.buffer, { text, busy, beat, last: state.end !== undefined }, now, rule);
  while (piece !== undefined) {
    events.push({ type: "delta", text: piece });
    if (events.length >= MAX_TOGETHER) break;
    ({ buffer, piece } = coalesce(buffer, { text: "", busy, beat, last: state.end !== undefined }, now, rule));
  }
  if (state.end && !busy && buffer.text === "" && events.length < MAX_TOGETHER) {
    events.push(completed(state, state.end, now, plan));
  }
  if (events.length === 0) return { state: { ...state, buffer }, actions: [] };
  return {
    state: { ...state, buffer, inFlight: events, resends: 0 },
    actions: [{ do: "write", n: state.n + 1, events }],
  };
}

function completed(state: AttemptState, end: EngineEnd, now: number, plan: AttemptPlan): EventBody<"completed"> {
  const { acceptedAt, begunAt, extractMs } = plan;
  const since = (from: number, to: number): number => Math.max(0, Math.round(to - from));
  const citations = end.citations?.filter(({ file }) => file < plan.files);
  return {
    type: "completed",
    text: end.text ?? state.text,
    timings: {
      queuedMs: Math.max(0, since(acceptedAt, begunAt) - extractMs),
      extractMs,
      firstTokenMs: since(state.sentAt ?? begunAt, state.firstTextAt ?? now),
      totalMs: since(acceptedAt, now),
    },
    ...(citations && citations.length > 0 ? { citations } : {}),
    ...(end.frame === undefined ? {} : { frame: end.frame }),
  };
}

function settle(state: AttemptState, outcome: Outcome): AttemptStep {
  return { state: { ...state, over: true, buffer: EMPTY }, actions: [{ do: "settle", outcome }] };
}

function overflow(state: AttemptState): AttemptStep {
  return settle(state, { kind: "failed", failure: { code: "ENGINE_UNAVAILABLE", reason: "held" } });
}
