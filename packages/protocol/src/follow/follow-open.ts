import { backoff } from "../backoff.ts";
import { wireError } from "../errors/error.ts";
import { applyEvents, type Verdict } from "./follow-apply.ts";
import { join, positionOf, stay, type FollowState, type InputOf, type Step } from "./follow-state.ts";
import type { WireError } from "../errors/wire-error.ts";
import type { Position } from "../messages/conversation.ts";

const OPEN_DEADLINE_MS = 10_000;
const RESYNC_SPREAD_MS = 2000;
const BACKOFF = { firstMs: 250, longestMs: 10_000 };
const MAX_RETRY_AFTER_MS = 60_000;
const MAX_REFUSALS = 16;

/**
 * Sends `conversation:open` (an open) now. Live events that were buffered are dropped, because the reply will have
 * them.
 */
export function open(state: FollowState, _input: unknown, now: number): Step {
  const call = state.call + 1;
  const after = askedFrom(state);
  return {
    state: {
      ...state,
      phase: "opening",
      call,
      buffered: [],
      reopen: undefined,
      openMustReach: state.acknowledgedSeq,
      openAt: now + OPEN_DEADLINE_MS,
    },
    actions: [{ type: "open", call, ...(after && { after }) }],
  };
}

/** Returns the position that an open (`conversation:open`) sends. It stays the same until the reply. */
function askedFrom(state: FollowState): Position | undefined {
  return state.unverified ? state.unverified.position : positionOf(state);
}

/**
 * Schedules an open (`conversation:open`) at a random time within the next two seconds, so that the clients of an edge
 * do not all send an open at the same time.
 */
export function openSoon(state: FollowState, now: number, random: number): FollowState {
  const at = now + random * RESYNC_SPREAD_MS;
  return { ...state, openAt: Math.min(state.openAt ?? at, at) };
}

/** Handles the reply to the newest `conversation:open`: a page of the log. */
export function onOpened(state: FollowState, reply: InputOf<"opened">, now: number, random: number): Step {
  const known = state.recent.length > 0 ? state : { ...state, last: reply.first - 1 };
  const allAfter = reply.holes ? (askedFrom(state)?.seq ?? reply.first - 1) : undefined;
  const page = applyEvents({ ...known, heardAt: now }, reply.events, now, allAfter);
  if (isAnotherLog(state, reply, page.verdict)) return startOver(state, now);
  const isBehind = reply.more || (reply.head !== null && reply.head.seq > (page.state.last ?? 0));
  if (page.verdict !== "whole" || (isBehind && !advances(state, reply))) {
    // The page has a gap, or no event after the position that was sent, so that the next `conversation:open` would get
    // the same page. No event may be skipped, so this open is repeated after a wait.
    return join(page, onRefused(page.state, wireError("INTERNAL"), now, random));
  }
  const accepted = { ...page.state, refusals: 0 };
  return join(page, isBehind ? openNextPage(accepted, reply, now) : goLive(accepted, now, random));
}

/** Whether a page of the log ends after the position that its `conversation:open` sent. */
function advances({ unverified, last }: FollowState, { events }: InputOf<"opened">): boolean {
  const start = unverified ? (unverified.position?.seq ?? 0) : (last ?? 0);
  return (events.at(-1)?.seq ?? 0) > start;
}

function openNextPage(state: FollowState, { events }: InputOf<"opened">, now: number): Step {
  const end = events.at(-1);
  // This page continues the events that were applied before it. So they belong to this log, and the next open begins at
  // the end of this page. If a resync came before the page arrived, the next open begins where the last one began.
  const isVerified = state.unverified && state.reopen === undefined && end;
  const unverified = isVerified ? { position: { seq: end.seq, nonce: end.nonce } } : state.unverified;
  return open({ ...state, unverified }, undefined, now);
}

/** Called when the log is applied up to its end: applies the live events that were buffered meanwhile. */
function goLive(state: FollowState, now: number, random: number): Step {
  const { reopen, buffered } = state;
  const live = applyEvents(
    {
      ...state,
      phase: "live",
      buffered: [],
      reopen: undefined,
      openAt: undefined,
      unverified: reopen === undefined ? undefined : state.unverified,
    },
    buffered.toSorted((a, b) => a.seq - b.seq),
    now,
  );
  if (reopen === "now" || live.verdict !== "whole") return join(live, open(live.state, undefined, now));
  return join(live, stay(reopen === "soon" ? openSoon(live.state, now, random) : live.state));
}

/**
 * Whether the server's log is another log than the one that was applied: it ends before the last applied event or
 * before an acknowledged ask of this client, or has another event in place of an applied one, or it cannot be compared
 * with the applied events.
 */
function isAnotherLog(state: FollowState, reply: InputOf<"opened">, verdict: Verdict): boolean {
  const hasApplied = state.recent.length > 0;
  const mustReach = Math.max(state.openMustReach, hasApplied ? (state.last ?? 0) : 0);
  const readFromStart = state.unverified !== undefined && state.unverified.position === undefined;
  // A page that was read from the log's start can be compared with the applied events only if the log still has its
  // first event. If it does not, it counts as another log.
  const cannotVerify = hasApplied && readFromStart && reply.first > 1;
  return verdict === "rewritten" || (reply.head?.seq ?? 0) < mustReach || cannotVerify;
}

/** Forgets all applied events and reads the log from its start. */
function startOver(state: FollowState, now: number): Step {
  const running = new Set<string>();
  const empty = { ...state, last: undefined, recent: [], unverified: undefined, running, acknowledgedSeq: 0 };
  return join({ state: empty, actions: [{ type: "reset" }] }, open(empty, undefined, now));
}

/**
 * Handles the refusal of the newest `conversation:open`: repeats the open after a wait, starts over, or fails for good.
 */
export function onRefused(state: FollowState, error: WireError, now: number, random: number): Step {
  const closed = { ...state, buffered: [], reopen: undefined };
  if (error.code === "RESUME_LOST" && state.recent.length > 0) return startOver(state, now);
  if (!error.retryable)
    return { state: { ...closed, phase: "failed", openAt: undefined }, actions: [{ type: "fail", error }] };
  // "soon": a resync came while the refused open was on its way. An edge sends it when Redis is back, so the backoff
  // begins anew.
  const refusals = state.reopen === "soon" ? 0 : state.refusals;
  const retryAfterMs = Math.min(error.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS);
  return stay({
    ...closed,
    phase: "waiting",
    refusals: Math.min(refusals + 1, MAX_REFUSALS),
    openAt: now + Math.max(backoff(refusals, BACKOFF, random), retryAfterMs),
  });
}
