import type { Citation, EventBody } from "@docrelay/protocol";
import { coalesce, EMPTY, type Buffered } from "./coalesce.ts";
import type { Failure } from "./failure.ts";

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
  /** The event that was given to the store and not answered yet. */
  readonly inFlight: AttemptEvent | undefined;
  readonly buffer: Buffered;
  /** Everything the engine has said. */
  readonly text: string;
  readonly end: EngineEnd | undefined;
  readonly sentAt: number | undefined;
  readonly firstTextAt: number | undefined;
  /** Sends of the event in flight that came to nothing. */
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
  /** From the store, about the event in flight. `unknown`: it did not answer. */
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
  /** Give the n-th event to the store; `completed` ends the ask. */
  | { do: "write"; n: number; body: AttemptEvent }
  /** Give the same event to the store again, with the same nonce. */
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
  inFlight: undefined,
  buffer: EMPTY,
  text: "",
  end: undefined,
  sentAt: undefined,
  firstTextAt: undefined,
  resends: 0,
  over: false,
};

/**
 * One engine call, from its begin to its end: what to do with each thing that happens. One event is on its way to the
 * store at a time, so that a re-send is always of the last one; the engine is read on meanwhile.
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
      return pump({ ...state, sentAt: now }, "", now, plan, windowMs);
    case "text": {
      const firstTextAt = state.firstTextAt ?? (input.text === "" ? undefined : now);
      const next = pump({ ...state, text: state.text + input.text, firstTextAt }, input.text, now, plan, windowMs);
      return next.state.buffer.text.length > plan.maxHeld ? overflow(next.state) : next;
    }
    case "end":
      return pump({ ...state, end: input.end, firstTextAt: state.firstTextAt ?? now }, "", now, plan, windowMs);
    case "tick":
      return pump(state, "", now, plan, windowMs);
    case "stored":
      if (state.inFlight?.type === "completed") return settle(state, { kind: "completed" });
      return pump({ ...state, n: state.n + 1, inFlight: undefined, resends: 0 }, "", now, plan, windowMs);
    case "unknown": {
      const afterMs = Math.min(1000, 50 * 2 ** Math.min(state.resends, 5));
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

/** The next thing that can be written, if nothing is on its way: `started`, then deltas, then `completed`. */
function pump(state: AttemptState, text: string, now: number, plan: AttemptPlan, windowMs: number): AttemptStep {
  if (state.n === 0 && !state.inFlight && state.sentAt !== undefined) {
    return write(
      { ...state, buffer: { ...state.buffer, text: state.buffer.text + text } },
      { type: "started", engine: plan.engine },
    );
  }
  // Before `sent` nothing can come; should it, it waits for `started`.
  const busy = state.inFlight !== undefined || state.n === 0;
  const rule = { windowMs, maxBytes: plan.maxPieceBytes };
  const { buffer, piece } = coalesce(state.buffer, { text, busy, last: state.end !== undefined }, now, rule);
  const next = { ...state, buffer };
  if (piece !== undefined) return write(next, { type: "delta", text: piece });
  if (state.end && !busy) return write(next, completed(next, state.end, now, plan));
  return { state: next, actions: [] };
}

function write(state: AttemptState, body: AttemptEvent): AttemptStep {
  return { state: { ...state, inFlight: body, resends: 0 }, actions: [{ do: "write", n: state.n + 1, body }] };
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
