import { backoff } from "./backoff.ts";
import type { Opened, Position } from "./conversation.ts";
import { wireError, type WireError } from "./error.ts";
import { isTerminal, type Event } from "./event.ts";

/**
 * Where a reader of one conversation stands. `offline`: no connection. `opening`: an open is on its way and live events
 * wait for it. `waiting`: an open was refused and is sent again at `wakeAt`. `live`: caught up. `failed`: for good.
 */
type Phase = "offline" | "opening" | "waiting" | "live" | "failed";
type Applied = Position & { readonly ask: string };

export interface FollowState {
  readonly phase: Phase;
  /** Seq of the last event applied, or the one before the first to come; undefined until an open said so. */
  readonly last: number | undefined;
  /** The newest events applied, oldest first: against them a rolled-back log shows itself. */
  readonly recent: readonly Applied[];
  /** Number of the newest open; answers to older ones are ignored. */
  readonly call: number;
  /** Live events heard while an open is on its way. */
  readonly buffered: readonly Event[];
  /** What must follow the open on its way: another one, at once or spread. */
  readonly again: "now" | "soon" | undefined;
  /**
   * Since a resync or a broken connection: the position before it, undefined at the log's start. Redis may have come back with an older log, in
   * which live events continue the seq but not the log; so the next open asks from here, not from what came after.
   */
  readonly suspect: { readonly from: Position | undefined } | undefined;
  /** Asks accepted and not ended, as far as the log was read. */
  readonly running: ReadonlySet<string>;
  /** Highest seq that an ask's acknowledgement named: until it was read, something is running. */
  readonly awaited: number;
  /** What was awaited when the newest open was sent: its answer must reach as far, or the log was rolled back. */
  readonly promised: number;
  readonly heardAt: number;
  readonly silences: number;
  readonly refusals: number;
  /** When an open is due for another reason than silence. */
  readonly openAt: number | undefined;
  /** Milliseconds on the caller's clock: send a `tick` then. Undefined: nothing is due. */
  readonly wakeAt: number | undefined;
}

export type FollowInput =
  | { readonly type: "connected" }
  | { readonly type: "disconnected" }
  | ({ readonly type: "opened"; readonly call: number } & Pick<Opened, "events" | "more" | "first" | "head">)
  | { readonly type: "refused"; readonly call: number; readonly error: WireError }
  | { readonly type: "event"; readonly event: Event }
  | { readonly type: "resync" }
  /** An ask of the caller's own was acknowledged: it is watched until the log says how it ended. */
  | { readonly type: "asked"; readonly ask: string; readonly seq: number; readonly duplicate: boolean }
  | { readonly type: "tick" };

export type FollowAction =
  /** Send `conversation:open`; answer with `opened` or `refused` and the same `call`. */
  | { readonly type: "open"; readonly call: number; readonly after?: Position }
  | { readonly type: "apply"; readonly event: Event }
  /** The log is another one than what was applied: forget all of it. */
  | { readonly type: "reset" }
  | { readonly type: "fail"; readonly error: WireError };

interface Step {
  readonly state: FollowState;
  readonly actions: readonly FollowAction[];
}
type InputType = FollowInput["type"];
type InputOf<T extends InputType> = Extract<FollowInput, { readonly type: T }>;
type Transition<T extends InputType> = (state: FollowState, input: InputOf<T>, now: number, random: number) => Step;

const OPEN_DEADLINE_MS = 10_000;
const RESYNC_SPREAD_MS = 2000;
const SILENCES_MS = [5000, 10_000, 20_000, 30_000] as const;
const BACKOFF = { firstMs: 250, longestMs: 10_000 };
const MAX_ASKED_MS = 60_000;
const BUFFERED_EVENTS = 512;
const RECENT_EVENTS = 32;

/** A reader that has not connected yet. */
export function following(): FollowState {
  return {
    phase: "offline",
    last: undefined,
    recent: [],
    call: 0,
    buffered: [],
    again: undefined,
    suspect: undefined,
    running: new Set(),
    awaited: 0,
    promised: 0,
    heardAt: 0,
    silences: 0,
    refusals: 0,
    openAt: undefined,
    wakeAt: undefined,
  };
}

/**
 * One step of following a conversation's log: `now` in milliseconds on any steady clock, `random` in [0, 1). Carry the
 * actions out in order. Events are applied once each, in order and without a gap; `reset` comes before those of another
 * log. Pure and total: an input that does not fit the phase changes nothing.
 */
export function follow(state: FollowState, input: FollowInput, now: number, random: number): Step {
  const transition = TRANSITIONS[state.phase][input.type] as Transition<InputType>;
  const step = transition(state, input, now, random);
  const wakeAt = dueAt(step.state);
  return wakeAt === step.state.wakeAt ? step : { ...step, state: { ...step.state, wakeAt } };
}

// Total by type: a missing pair of phase and input does not compile.
const TRANSITIONS: { readonly [P in Phase]: { readonly [T in InputType]: Transition<T> } } = {
  offline: {
    connected: open,
    disconnected: stay,
    opened: stay,
    refused: stay,
    event: stay,
    resync: stay,
    asked: awaitAsk,
    tick: stay,
  },
  opening: {
    connected: open,
    disconnected: goOffline,
    opened: (state, input, now, random) => (input.call === state.call ? merge(state, input, now, random) : stay(state)),
    refused: (state, input, now, random) =>
      input.call === state.call ? backOff(state, input.error, now, random) : stay(state),
    event: buffer,
    // The open on its way may have read before what was missed, and what was heard may be of a log that is no more.
    resync: (state) => stay({ ...suspicious(state), buffered: [], again: state.again ?? "soon" }),
    asked: awaitAsk,
    tick: (state, _input, now) => (isDue(state, now) ? open(state, _input, now) : stay(state)),
  },
  waiting: {
    connected: open,
    disconnected: goOffline,
    opened: stay,
    refused: stay,
    // Whatever does not continue the log is covered by the open to come.
    event: (state, { event }, now) => (event.seq === next(state) ? absorb(state, [event], now) : stay(state)),
    // The store is back: an open that it refused may go out again, however long the patience has grown meanwhile.
    resync: (state, _input, now, random) => stay(openSoon({ ...suspicious(state), refusals: 0 }, now, random)),
    asked: awaitAsk,
    tick: (state, _input, now) => (isDue(state, now) ? open(state, _input, now) : stay(state)),
  },
  live: {
    connected: open,
    disconnected: goOffline,
    opened: stay,
    refused: stay,
    event: hear,
    resync: (state, _input, now, random) => stay(openSoon(suspicious(state), now, random)),
    asked: (state, input, now) => (isForeign(state, input) ? open(state, input, now) : awaitAsk(state, input, now)),
    tick: wake,
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

function stay(state: FollowState): Step {
  return { state, actions: [] };
}

function goOffline(state: FollowState): Step {
  const gone = { phase: "offline", buffered: [], again: undefined, openAt: undefined, refusals: 0 } as const;
  return stay({ ...suspicious(state), ...gone });
}

/** What was heard before is in the log that this open reads. */
function open(state: FollowState, _input: unknown, now: number): Step {
  const call = state.call + 1;
  const after = state.suspect ? state.suspect.from : position(state);
  return {
    state: {
      ...state,
      phase: "opening",
      call,
      buffered: [],
      again: undefined,
      promised: state.awaited,
      openAt: now + OPEN_DEADLINE_MS,
    },
    actions: [{ type: "open", call, ...(after && { after }) }],
  };
}

/** The answer to the open on its way, then what was heard meanwhile. */
function merge(state: FollowState, ack: InputOf<"opened">, now: number, random: number): Step {
  const { again, buffered, suspect } = state;
  const from = state.recent.length > 0 ? state : { ...state, last: ack.first - 1 };
  const read = absorb({ ...from, heardAt: now }, ack.events, now);
  if (isAnotherLog(state, ack, read.verdict)) return startOver(state, now);
  const behind = ack.more || (ack.head !== null && ack.head.seq > (read.state.last ?? 0));
  const end = ack.events.at(-1);
  const start = suspect ? (suspect.from?.seq ?? 0) : (state.last ?? 0);
  if (read.verdict !== "whole" || (behind && (end === undefined || end.seq <= start))) {
    // The answer has a hole or leads nowhere: never skip, ask again with patience.
    return then(read, backOff(read.state, wireError("INTERNAL"), now, random));
  }
  const settled = { ...read.state, refusals: 0 };
  if (behind && end) {
    const checked = suspect && again === undefined ? { from: { seq: end.seq, nonce: end.nonce } } : suspect;
    return then(read, open({ ...settled, suspect: checked }, ack, now));
  }
  const bySeq = buffered.toSorted((a, b) => a.seq - b.seq);
  const sure = again === undefined ? { suspect: undefined } : {};
  const caughtUp = { ...settled, ...sure, phase: "live" as const, buffered: [], again: undefined, openAt: undefined };
  const heard = absorb(caughtUp, bySeq, now);
  if (again === "now" || heard.verdict !== "whole") return then(read, heard, open(heard.state, ack, now));
  return then(read, heard, stay(again === "soon" ? openSoon(heard.state, now, random) : heard.state));
}

/** Tells whether the server's log is not the one we know: it ends before ours or an own ask, or a known place differs. */
function isAnotherLog(state: FollowState, ack: InputOf<"opened">, verdict: Verdict): boolean {
  const applied = state.recent.length > 0;
  const reached = Math.max(state.promised, applied ? (state.last ?? 0) : 0);
  const unasked = applied && state.suspect !== undefined && state.suspect.from === undefined;
  // Without a position to ask from, only the log from its very start says whether what was applied is of it.
  return verdict === "rewritten" || (ack.head?.seq ?? 0) < reached || (unasked && ack.first > 1);
}

function startOver(state: FollowState, now: number): Step {
  const running = new Set<string>();
  const blank = { ...state, last: undefined, recent: [], suspect: undefined, running, awaited: 0 };
  return then({ state: blank, actions: [{ type: "reset" }] }, open(blank, undefined, now));
}

function backOff(state: FollowState, error: WireError, now: number, random: number): Step {
  const rest = { ...state, buffered: [], again: undefined };
  if (error.code === "RESUME_LOST" && state.recent.length > 0) return startOver(state, now);
  if (!error.retryable)
    return { state: { ...rest, phase: "failed", openAt: undefined }, actions: [{ type: "fail", error }] };
  // Told to look while that open was on its way: the store came back since, and patience begins anew.
  const refusals = state.again === "soon" ? 0 : state.refusals;
  const own = backoff(refusals, BACKOFF, random);
  const asked = Math.min(error.retryAfterMs ?? 0, MAX_ASKED_MS);
  return stay({
    ...rest,
    phase: "waiting",
    refusals: Math.min(refusals + 1, 16),
    openAt: now + Math.max(own, asked),
  });
}

function buffer(state: FollowState, { event }: InputOf<"event">): Step {
  if (state.buffered.length >= BUFFERED_EVENTS) return stay({ ...state, again: "now" });
  return stay({ ...state, buffered: [...state.buffered, event] });
}

/** A live event while caught up. */
function hear(state: FollowState, input: InputOf<"event">, now: number, random: number): Step {
  const { event } = input;
  const heard = absorb(state, [event], now);
  if (heard.verdict !== "whole") return open(state, input, now);
  const oldest = state.recent[0];
  // Far behind what is remembered: most likely another log. The server knows.
  if (oldest && event.seq < oldest.seq) return stay(openSoon(state, now, random));
  return heard;
}

function wake(state: FollowState, input: FollowInput, now: number): Step {
  if (!isDue(state, now)) return stay(state);
  const silent = state.openAt === undefined || state.openAt > now;
  return open(silent ? { ...state, silences: state.silences + 1 } : state, input, now);
}

function awaitAsk(state: FollowState, { seq }: InputOf<"asked">, now: number): Step {
  if (seq <= Math.max(state.awaited, state.last ?? 0)) return stay(state);
  return stay({ ...state, awaited: seq, ...(isWatching(state) ? {} : { heardAt: now, silences: 0 }) });
}

/** Tells whether a fresh ask got a place in the log at which something else was applied. */
function isForeign(state: FollowState, { ask, seq, duplicate }: InputOf<"asked">): boolean {
  if (duplicate || seq >= next(state)) return false;
  return !state.recent.some((applied) => applied.seq === seq && applied.ask === ask);
}

type Verdict = "whole" | "gap" | "rewritten";

/** Applies events that continue the log and drops known ones; stops at a gap and at an event that took a known place. */
function absorb(state: FollowState, events: readonly Event[], now: number): Step & { readonly verdict: Verdict } {
  const actions: FollowAction[] = [];
  const recent = [...state.recent];
  let { last, running } = state;
  let verdict: Verdict = "whole";
  for (const event of events) {
    if (last === undefined || event.seq > last + 1) {
      verdict = "gap";
      break;
    }
    if (event.seq <= last) {
      if (!recent.some(({ seq, nonce }) => seq === event.seq && nonce !== event.nonce)) continue;
      verdict = "rewritten";
      break;
    }
    actions.push({ type: "apply", event });
    last = event.seq;
    recent.push({ seq: event.seq, nonce: event.nonce, ask: event.ask });
    if (recent.length > RECENT_EVENTS) recent.shift();
    if (event.type === "accepted") running = new Set(running).add(event.ask);
    if (isTerminal(event)) running = new Set([...running].filter((ask) => ask !== event.ask));
  }
  const heard = actions.length > 0 ? { heardAt: now, silences: 0 } : {};
  return { state: { ...state, last, recent, running, ...heard }, actions, verdict };
}

function suspicious(state: FollowState): FollowState {
  return state.suspect ? state : { ...state, suspect: { from: position(state) } };
}

function position(state: FollowState): Position | undefined {
  const applied = state.recent.at(-1);
  return applied && { seq: applied.seq, nonce: applied.nonce };
}

function openSoon(state: FollowState, now: number, random: number): FollowState {
  const at = now + random * RESYNC_SPREAD_MS;
  return { ...state, openAt: Math.min(state.openAt ?? at, at) };
}

function then(...steps: readonly [Step, ...Step[]]): Step {
  return { state: (steps.at(-1) ?? steps[0]).state, actions: steps.flatMap((step) => step.actions) };
}

function next(state: FollowState): number {
  return (state.last ?? Number.NaN) + 1;
}

function isWatching(state: FollowState): boolean {
  return state.running.size > 0 || state.awaited > (state.last ?? 0);
}

function isDue(state: FollowState, now: number): boolean {
  return state.wakeAt !== undefined && now >= state.wakeAt;
}

function dueAt(state: FollowState): number | undefined {
  if (state.phase === "offline" || state.phase === "failed") return undefined;
  if (state.phase !== "live" || !isWatching(state)) return state.openAt;
  const silence = state.heardAt + (SILENCES_MS[state.silences] ?? SILENCES_MS[3]);
  return Math.min(silence, state.openAt ?? silence);
}
