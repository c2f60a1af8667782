import { applyEvents } from "./follow-apply.ts";
import { onOpened, onRefused, open, openSoon } from "./follow-open.ts";
import {
  markUnverified,
  nextSeq,
  stay,
  type FollowInput,
  type FollowState,
  type InputOf,
  type InputType,
  type Phase,
  type Step,
  type Transition,
} from "./follow-state.ts";

/**
 * While an ask runs, `conversation:open` is sent after this many ms without an event. The first wait is the first
 * value. After each `conversation:open` the next value is used, and the last value repeats. Once an event is applied,
 * the first value is used again.
 */
const SILENCES_MS = [5000, 10_000, 20_000, 30_000] as const;
const MAX_BUFFERED_EVENTS = 512;

/**
 * Does one step in following a conversation's log: returns the new state, and the actions for the caller, who must do
 * them in order. `now`: ms of any clock that does not jump. `random`: from 0 up to, but not including, 1. Each event is
 * applied once, in order and without a gap. If the log was replaced by another one, the action `reset` comes before the
 * other log's events. An input that does not fit the phase changes nothing. Pure.
 */
export function follow(state: FollowState, input: FollowInput, now: number, random: number): Step {
  const transition = TRANSITIONS[state.phase][input.type] as Transition<InputType>;
  const step = transition(state, input, now, random);
  const wakeAt = dueAt(step.state);
  return wakeAt === step.state.wakeAt ? step : { ...step, state: { ...step.state, wakeAt } };
}

// The type of this table requires an entry for each phase and input: without one, the code does not compile.
const TRANSITIONS: { readonly [P in Phase]: { readonly [T in InputType]: Transition<T> } } = {
  offline: {
    connected: open,
    disconnected: stay,
    opened: stay,
    refused: stay,
    event: stay,
    resync: stay,
    asked: onAsked,
    tick: stay,
  },
  opening: {
    connected: open,
    disconnected: onDisconnected,
    opened: (state, input, now, random) =>
      input.call === state.call ? onOpened(state, input, now, random) : stay(state),
    refused: (state, input, now, random) =>
      input.call === state.call ? onRefused(state, input.error, now, random) : stay(state),
    event: onEventWhileOpening,
    // The reply to the `conversation:open` on its way may lack the events that were missed, and buffered events may
    // belong to a lost log.
    resync: (state) => stay({ ...markUnverified(state), buffered: [], reopen: state.reopen ?? "soon" }),
    asked: onAsked,
    tick: openIfDue,
  },
  waiting: {
    connected: open,
    disconnected: onDisconnected,
    opened: stay,
    refused: stay,
    // An event that does not continue the log is left out, because the reply to the next `conversation:open` has it.
    event: (state, { event }, now) => (event.seq === nextSeq(state) ? applyEvents(state, [event], now) : stay(state)),
    // A resync shows that Redis is available again, so the reader does not wait as long as after many refusals.
    resync: (state, _input, now, random) => stay(openSoon({ ...markUnverified(state), refusals: 0 }, now, random)),
    asked: onAsked,
    tick: openIfDue,
  },
  live: {
    connected: open,
    disconnected: onDisconnected,
    opened: stay,
    refused: stay,
    event: onLiveEvent,
    resync: (state, _input, now, random) => stay(openSoon(markUnverified(state), now, random)),
    asked: (state, input, now) => (isOfAnotherLog(state, input) ? open(state, input, now) : onAsked(state, input, now)),
    tick: onLiveTick,
  },
  failed: {
    connected: stay,
    disconnected: stay,
    opened: stay,
    refused: stay,
    event: stay,
    resync: stay,
    asked: stay,
    tick: stay,
  },
};

function onDisconnected(state: FollowState): Step {
  const reset = { phase: "offline", buffered: [], reopen: undefined, openAt: undefined, refusals: 0 } as const;
  return stay({ ...markUnverified(state), ...reset });
}

function onEventWhileOpening(state: FollowState, { event }: InputOf<"event">): Step {
  if (state.buffered.length >= MAX_BUFFERED_EVENTS) return stay({ ...state, reopen: "now" });
  return stay({ ...state, buffered: [...state.buffered, event] });
}

function onLiveEvent(state: FollowState, input: InputOf<"event">, now: number, random: number): Step {
  const { event } = input;
  const applied = applyEvents(state, [event], now);
  if (applied.verdict !== "whole") return open(state, input, now);
  const oldest = state.recent[0];
  // The event is older than every event in `recent`, so it cannot be compared. It probably belongs to another log,
  // which only a reply to `conversation:open` can show.
  if (oldest && event.seq < oldest.seq) return stay(openSoon(state, now, random));
  return applied;
}

function openIfDue(state: FollowState, input: InputOf<"tick">, now: number): Step {
  return isDue(state, now) ? open(state, input, now) : stay(state);
}

function onLiveTick(state: FollowState, input: InputOf<"tick">, now: number): Step {
  if (!isDue(state, now)) return stay(state);
  const isSilent = state.openAt === undefined || state.openAt > now;
  return open(isSilent ? { ...state, silentOpens: state.silentOpens + 1 } : state, input, now);
}

function onAsked(state: FollowState, { seq }: InputOf<"asked">, now: number): Step {
  if (seq <= Math.max(state.acknowledgedSeq, state.last ?? 0)) return stay(state);
  return stay({ ...state, acknowledgedSeq: seq, ...(isAskRunning(state) ? {} : { heardAt: now, silentOpens: 0 }) });
}

/** Whether this client's new ask got a seq at which the applied log has another event. */
function isOfAnotherLog(state: FollowState, { ask, seq, duplicate }: InputOf<"asked">): boolean {
  if (duplicate || seq >= nextSeq(state)) return false;
  return !state.recent.some((applied) => applied.seq === seq && applied.ask === ask);
}

function isAskRunning(state: FollowState): boolean {
  return state.running.size > 0 || state.acknowledgedSeq > (state.last ?? 0);
}

function isDue(state: FollowState, now: number): boolean {
  return state.wakeAt !== undefined && now >= state.wakeAt;
}

function dueAt(state: FollowState): number | undefined {
  if (state.phase === "offline" || state.phase === "failed") return undefined;
  if (state.phase !== "live" || !isAskRunning(state)) return state.openAt;
  const watchdogAt = state.heardAt + (SILENCES_MS[state.silentOpens] ?? SILENCES_MS[3]);
  return Math.min(watchdogAt, state.openAt ?? watchdogAt);
}
