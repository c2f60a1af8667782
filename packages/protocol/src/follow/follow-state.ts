import type { Opened, Position } from "../messages/conversation.ts";
import type { WireError } from "../errors/wire-error.ts";
import type { Event, LogEntry } from "../messages/event.ts";

/**
 * Phase of a reader of one conversation. `offline`: no connection. `opening`: an open was sent, and live events are
 * buffered until its reply. `waiting`: an open was refused and is sent again at `wakeAt`. `live`: all of the log was
 * applied. `failed`: an open was refused for good.
 */
export type Phase = "offline" | "opening" | "waiting" | "live" | "failed";

export interface FollowState {
  readonly phase: Phase;
  /** Seq of the last applied event, or the one before the oldest kept event; undefined before the first reply. */
  readonly last: number | undefined;
  /** The newest applied events, oldest first. Comparing nonces with them reveals a rolled-back log. */
  readonly recent: readonly AppliedEvent[];
  /** Number of the newest open; replies to earlier ones are ignored. */
  readonly call: number;
  /** Live events that arrived while an open was on its way. */
  readonly buffered: readonly LogEntry[];
  /** Another open has to follow the one on its way: `now` at its reply, or `soon`, spread at random. */
  readonly reopen: "now" | "soon" | undefined;
  /**
   * Set by a resync and by a broken connection: Redis may have come back with an older log, in which live events continue
   * the seq but not the log. The next open therefore asks from the position before that moment, and its reply verifies
   * what was applied since. `position` is undefined when nothing had been applied: then the log is read from its start.
   */
  readonly unverified: { readonly position: Position | undefined } | undefined;
  /** Ids of asks that were accepted and have not ended, as far as the log was read. */
  readonly running: ReadonlySet<string>;
  /** Highest seq that the acknowledgement of an own ask named. Until it is applied, an ask is running. */
  readonly acknowledgedSeq: number;
  /** `acknowledgedSeq` when the newest open was sent. A log that ends before it was rolled back. */
  readonly openMustReach: number;
  /** When something was applied or an open was replied to; the watchdog counts from here. */
  readonly heardAt: number;
  /** Opens that the watchdog has sent since an event was applied. */
  readonly silentOpens: number;
  /** Opens refused in a row. */
  readonly refusals: number;
  /** When an open is due for another reason than the watchdog. */
  readonly openAt: number | undefined;
  /** When to send a `tick`, in milliseconds on the caller's clock; undefined: nothing is due. */
  readonly wakeAt: number | undefined;
}

type AppliedEvent = Position & { readonly ask: string };

export type FollowInput =
  | { readonly type: "connected" }
  | { readonly type: "disconnected" }
  /** `holes`: the open asked for them, so that a hole in the reply is none in what is kept. */
  | ({
      readonly type: "opened";
      readonly call: number;
      readonly events: readonly LogEntry[];
      readonly holes?: boolean;
    } & Pick<Opened, "more" | "first" | "head">)
  | { readonly type: "refused"; readonly call: number; readonly error: WireError }
  | { readonly type: "event"; readonly event: LogEntry }
  | { readonly type: "resync" }
  /** An ask of the caller was acknowledged: the watchdog runs until the log has its terminal event. */
  | { readonly type: "asked"; readonly ask: string; readonly seq: number; readonly duplicate: boolean }
  | { readonly type: "tick" };

export type FollowAction =
  /** Send `conversation:open`; input `opened` or `refused` with the same `call` when it settles. */
  | { readonly type: "open"; readonly call: number; readonly after?: Position }
  | { readonly type: "apply"; readonly event: Event }
  /** The server's log is not the one that was applied: forget all of it. */
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

/** A reader that has not connected yet; `after`: the event that it has applied last, in an earlier process perhaps. */
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

/** No action; by default no change either. */
export function stay(state: FollowState): Step {
  return { state, actions: [] };
}

/** The last step's state, and the actions of all in order. */
export function join(...steps: readonly [Step, ...Step[]]): Step {
  return { state: (steps.at(-1) ?? steps[0]).state, actions: steps.flatMap((step) => step.actions) };
}

/** Position of the last applied event. */
export function positionOf(state: FollowState): Position | undefined {
  const applied = state.recent.at(-1);
  return applied && { seq: applied.seq, nonce: applied.nonce };
}

/** NaN while the log's start is unknown: it equals no seq. */
export function nextSeq(state: FollowState): number {
  return (state.last ?? Number.NaN) + 1;
}

/** Remembers the position before what may turn out to belong to another log; an earlier one stays. */
export function markUnverified(state: FollowState): FollowState {
  return state.unverified ? state : { ...state, unverified: { position: positionOf(state) } };
}
