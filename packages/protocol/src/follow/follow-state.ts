import type { Opened, Position } from "../messages/conversation.ts";
import type { WireError } from "../errors/wire-error.ts";
import type { Event, LogEntry } from "../messages/event.ts";

/**
 * The phase of a reader of one conversation. `offline`: there is no connection. `opening`: an open
 * (`conversation:open`) was sent, and live events are buffered until its reply. `waiting`: an open was refused, and is
 * sent again at `wakeAt`. `live`: the whole log was applied. `failed`: an open was refused for good.
 */
export type Phase = "offline" | "opening" | "waiting" | "live" | "failed";

export interface FollowState {
  readonly phase: Phase;
  /**
   * The seq of the last applied event, or of the event before the oldest kept one; undefined before the first reply to
   * `conversation:open`.
   */
  readonly last: number | undefined;
  /**
   * The newest events that were applied, oldest first. If the log has another nonce for one of these events, the log
   * was rolled back.
   */
  readonly recent: readonly AppliedEvent[];
  /** The number of the newest `conversation:open`. Replies to earlier ones are ignored. */
  readonly call: number;
  /** Live events that arrived while a `conversation:open` was on its way. */
  readonly buffered: readonly LogEntry[];
  /**
   * Set when another `conversation:open` must follow the one that is on its way. `now`: as soon as the reply comes;
   * `soon`: a random time after the reply.
   */
  readonly reopen: "now" | "soon" | undefined;
  /**
   * Set after a resync or a broken connection, because Redis may have come back with an older log: new events then have
   * the expected seq, although the log lacks events that were applied. So the next `conversation:open` sends
   * `position`: the position of the last event that was applied before the resync or break. The reply shows whether the
   * events applied since then are in the log. If nothing was applied before, `position` is undefined, and the log is
   * read from its start.
   */
  readonly unverified: { readonly position: Position | undefined } | undefined;
  /** The ids of asks that were accepted and have not ended, according to the log read so far. */
  readonly running: ReadonlySet<string>;
  /**
   * The highest seq in the acknowledgements of this client's asks. Until the event with this seq is applied, an ask
   * counts as running.
   */
  readonly acknowledgedSeq: number;
  /**
   * What `acknowledgedSeq` was when the newest `conversation:open` was sent. A log that ends before this seq was rolled
   * back.
   */
  readonly openMustReach: number;
  /**
   * When the newest of these happened, in ms of the caller's clock: an event was applied, a reply to
   * `conversation:open` came, or an ask was acknowledged while no other ask ran. While an ask runs, `conversation:open`
   * is sent when too much time has passed since then.
   */
  readonly heardAt: number;
  /**
   * How many times `conversation:open` was sent because of a silence while an ask ran, since the last event was
   * applied.
   */
  readonly silentOpens: number;
  /** How many times in a row `conversation:open` was refused. */
  readonly refusals: number;
  /**
   * When to send `conversation:open` for a reason other than a silence while an ask runs, in ms of the caller's clock;
   * undefined when there is no such reason.
   */
  readonly openAt: number | undefined;
  /** When the caller has to input a `tick`, in ms of its clock; undefined when no `tick` is needed. */
  readonly wakeAt: number | undefined;
}

type AppliedEvent = Position & { readonly ask: string };

export type FollowInput =
  | { readonly type: "connected" }
  | { readonly type: "disconnected" }
  /**
   * The reply to `conversation:open`. `holes`: the client asked the server to leave out deltas that the log has
   * dropped, so a hole in `events` does not mean that an event is missing.
   */
  | ({
      readonly type: "opened";
      readonly call: number;
      readonly events: readonly LogEntry[];
      readonly holes?: boolean;
    } & Pick<Opened, "more" | "first" | "head">)
  | { readonly type: "refused"; readonly call: number; readonly error: WireError }
  | { readonly type: "event"; readonly event: LogEntry }
  | { readonly type: "resync" }
  /**
   * An ask of this client was acknowledged. Until the log has the ask's terminal event, `conversation:open` is sent
   * whenever no event comes for some time.
   */
  | { readonly type: "asked"; readonly ask: string; readonly seq: number; readonly duplicate: boolean }
  | { readonly type: "tick" };

export type FollowAction =
  /** Send `conversation:open`. When the reply comes, input `opened` or `refused` with the same `call`. */
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
 * Returns the state of a reader that has not connected yet. `after`: the position of the last event that the reader has
 * applied, for example in an earlier process.
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

/** Makes a step that only sets the state and has no actions. */
export function stay(state: FollowState): Step {
  return { state, actions: [] };
}

/** Joins steps into one: the state of the last step, and the actions of all steps in order. */
export function join(...steps: readonly [Step, ...Step[]]): Step {
  return { state: (steps.at(-1) ?? steps[0]).state, actions: steps.flatMap((step) => step.actions) };
}

/** Returns the position of the last applied event. */
export function positionOf(state: FollowState): Position | undefined {
  const applied = state.recent.at(-1);
  return applied && { seq: applied.seq, nonce: applied.nonce };
}

/**
 * Returns the seq that the next event must have. NaN, which equals no seq, while it is not known where the log starts.
 */
export function nextSeq(state: FollowState): number {
  return (state.last ?? Number.NaN) + 1;
}

/**
 * Marks the events that are applied from now on as unverified, because they may belong to another log. Changes nothing
 * if earlier events are unverified already.
 */
export function markUnverified(state: FollowState): FollowState {
  return state.unverified ? state : { ...state, unverified: { position: positionOf(state) } };
}
