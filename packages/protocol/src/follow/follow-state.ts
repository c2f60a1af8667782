import type { Opened, Position } from "../messages/conversation.ts";
import type { WireError } from "../errors/wire-error.ts";
import type { Event, LogEntry } from "../messages/event.ts";

/**
 * The phase of a reader of one conversation. `offline`: no connection. `opening`: an open was sent, and live events are
 * buffered until its reply. `waiting`: an open was refused, and is sent again at `wakeAt`. `live`: the whole log was
 * applied. `failed`: an open was refused for good.
 */
export type Phase = "offline" | "opening" | "waiting" | "live" | "failed";

export interface FollowState {
  readonly phase: Phase;
  /**
   * The seq of the last applied event, or of the event before the oldest kept one; undefined before the first reply.
   */
  readonly last: number | undefined;
  /** The newest applied events, oldest first. A different nonce of one of them reveals that the log was rolled back. */
  readonly recent: readonly AppliedEvent[];
  /** Number of the newest open; replies to earlier ones are ignored. */
  readonly call: number;
  /** Live events that arrived while an open was on its way. */
  readonly buffered: readonly LogEntry[];
  /** Another open has to follow the one on its way: `now`: at its reply; `soon`: at a random time after it. */
  readonly reopen: "now" | "soon" | undefined;
  /**
   * Set by a resync and by a broken connection: Redis may have come back with an older log, whose live events continue
   * the seq but not the applied log. So the next open asks from the position before that moment, and its reply verifies
   * the events that were applied since. `position` is undefined when nothing had been applied: then the log is read
   * from its start.
   */
  readonly unverified: { readonly position: Position | undefined } | undefined;
  /** Ids of asks that were accepted and have not ended, according to the log read so far. */
  readonly running: ReadonlySet<string>;
  /** The highest seq that an acknowledgement of an own ask named. Until that event is applied, an ask is running. */
  readonly acknowledgedSeq: number;
  /** `acknowledgedSeq` when the newest open was sent. A log that ends before this seq was rolled back. */
  readonly openMustReach: number;
  /** When the last event was applied, or the last open was replied to: the watchdog's time counts from here. */
  readonly heardAt: number;
  /** The number of opens that the watchdog has sent since the last event was applied. */
  readonly silentOpens: number;
  /** The number of refused opens in a row. */
  readonly refusals: number;
  /** When an open is due for a reason other than the watchdog. */
  readonly openAt: number | undefined;
  /** When to send a `tick`, in milliseconds on the caller's clock; undefined: nothing is due. */
  readonly wakeAt: number | undefined;
}

type AppliedEvent = Position & { readonly ask: string };

export type FollowInput =
  | { readonly type: "connected" }
  | { readonly type: "disconnected" }
  /** `holes`: the open asked to leave out dropped pieces, so that a hole in the reply does not mean a missing event. */
  | ({
      readonly type: "opened";
      readonly call: number;
      readonly events: readonly LogEntry[];
      readonly holes?: boolean;
    } & Pick<Opened, "more" | "first" | "head">)
  | { readonly type: "refused"; readonly call: number; readonly error: WireError }
  | { readonly type: "event"; readonly event: LogEntry }
  | { readonly type: "resync" }
  /** An own ask was acknowledged: the watchdog runs until the log has the ask's terminal event. */
  | { readonly type: "asked"; readonly ask: string; readonly seq: number; readonly duplicate: boolean }
  | { readonly type: "tick" };

export type FollowAction =
  /** Send `conversation:open`; when it settles, input `opened` or `refused` with the same `call`. */
  | { readonly type: "open"; readonly call: number; readonly after?: Position }
  | { readonly type: "apply"; readonly event: Event }
  /** The server's log is not the one that was applied: forget all applied events. */
  | { readonly type: "reset" }
  | { readonly type: "fail"; readonly error: WireError };

export interface Step {
  readonly state: FollowState;
  readonly actions: readonly FollowAction[];
}
export type InputType = FollowInput["type"];
export type InputOf<T extends InputType> = Extract<FollowInput, { readonly type: T }>;
export type Transition<T extends InputType> = (
  state: FollowState,
  input: InputOf<T>,
  now: number,
  random: number,
) => Step;

/**
 * The state of a reader that has not connected yet. `after`: the last event that the reader has applied, for example in
 * an earlier process.
 */
export function following(after?: Position): FollowState {
  return {
    phase: "offline",
    last: after?.seq,
    recent: after ? [{ ...after, ask: "" }] : [],
    call: 0,
    buffered: [],
    reopen: undefined,
    unverified: undefined,
    running: new Set(),
    acknowledgedSeq: 0,
    openMustReach: 0,
    heardAt: 0,
    silentOpens: 0,
    refusals: 0,
    openAt: undefined,
    wakeAt: undefined,
  };
}

/** Returns a step without actions. */
export function stay(state: FollowState): Step {
  return { state, actions: [] };
}

/** Returns the last step's state with the actions of all steps in order. */
export function join(...steps: readonly [Step, ...Step[]]): Step {
  return { state: (steps.at(-1) ?? steps[0]).state, actions: steps.flatMap((step) => step.actions) };
}

/** Position of the last applied event. */
export function positionOf(state: FollowState): Position | undefined {
  const applied = state.recent.at(-1);
  return applied && { seq: applied.seq, nonce: applied.nonce };
}

/** The seq of the next event. NaN while the log's start is unknown: NaN equals no seq. */
export function nextSeq(state: FollowState): number {
  return (state.last ?? Number.NaN) + 1;
}

/**
 * Marks the events applied from now on as unverified, because they may belong to another log. An earlier mark stays.
 */
export function markUnverified(state: FollowState): FollowState {
  return state.unverified ? state : { ...state, unverified: { position: positionOf(state) } };
}
