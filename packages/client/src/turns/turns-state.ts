import { EMPTY_TRANSCRIPT, transcribe, type Transcript, type TranscriptAsk } from "@docrelay/protocol";
import type { Event } from "../wire/contract.ts";
import type { RelayError } from "../wire/relay-error.ts";
import { isOver, type AskProgress, type Turn, type TurnFile } from "./turn.ts";

/** The state of a conversation's turns: what the log has, and this client's asks that are not in the log. */
export interface TurnsState {
  readonly log: Transcript;
  /**
   * This client's asks that are not in the log, in the order in which they were made: they are being sent, were
   * refused, or were stopped before the server had them.
   */
  readonly own: readonly OwnTurn[];
  /** The newest hint about each running ask of the log. */
  readonly hints: ReadonlyMap<string, AskProgress>;
}

/**
 * `after`: the id of the turn before this turn. It is set once the ask has ended, and keeps the turn in its place among
 * asks that are accepted later.
 */
export interface OwnTurn {
  readonly turn: Turn;
  readonly after?: string;
}

export const NO_TURNS: TurnsState = { log: EMPTY_TRANSCRIPT, own: [], hints: new Map() };

export type Change =
  | { readonly type: "event"; readonly event: Event }
  | { readonly type: "progress"; readonly ask: string; readonly progress: AskProgress }
  | {
      readonly type: "sending";
      readonly id: string;
      readonly question: string;
      readonly files: readonly TurnFile[];
      readonly replaces?: string | undefined;
      readonly at: number;
    }
  | { readonly type: "refused"; readonly id: string; readonly error: RelayError }
  /**
   * The ask was stopped before the server had it. `after`: the id of the turn before this ask; only for a stopped
   * ask that was read from the browser's storage.
   */
  | { readonly type: "stopped"; readonly id: string; readonly after?: string | undefined }
  /** The server's log was replaced by another one, so all turns of the log are dropped. */
  | { readonly type: "reset" };

/** Applies one change. Pure; returns the same object when nothing changes. */
export function changeTurns(state: TurnsState, by: Change): TurnsState {
  switch (by.type) {
    case "reset":
      return { ...NO_TURNS, own: state.own };
    case "sending": {
      const { id, question, files, at, replaces } = by;
      if (isLogged(state, id)) return state;
      const turn: Turn = { id, question, files, at, state: "sending", text: "", attempt: 0 };
      return putOwn(state, { turn: replaces === undefined ? turn : { ...turn, replaces } });
    }
    case "refused":
      return endOwn(state, by.id, { state: "failed", error: by.error });
    case "stopped":
      return endOwn(state, by.id, { state: "cancelled" }, by.after);
    case "progress":
      return hear(state, by.ask, by.progress);
    case "event":
      return apply(state, by.event);
  }
}

/**
 * Returns the ids of all turns in order: the turns of the log, then those that are being sent. A turn that is not in
 * the log because it was refused or stopped directly follows the turn that was before it (`after`), or stands at the
 * very beginning if there is no such turn.
 */
export function orderOf({ log, own }: TurnsState): string[] {
  const logged = log.asks.map(({ id }) => id);
  if (own.length === 0) return logged;
  const sending = own.filter(({ turn }) => !isOver(turn)).map(({ turn }) => turn.id);
  const present = new Set([...logged, ...own.map(({ turn }) => turn.id)]);
  const followers = new Map<string | undefined, string[]>();
  for (const { turn, after } of own) {
    if (!isOver(turn)) continue;
    // If the log has dropped the turn `after`, this turn stands at the very beginning.
    const before = after !== undefined && present.has(after) ? after : undefined;
    followers.set(before, [...(followers.get(before) ?? []), turn.id]);
  }
  const withFollowers = (id: string): string[] => [id, ...(followers.get(id) ?? []).flatMap(withFollowers)];
  return [...(followers.get(undefined) ?? []), ...logged, ...sending].flatMap(withFollowers);
}

function apply(state: TurnsState, event: Event): TurnsState {
  const log = transcribe(state.log, event);
  if (log === state.log) return state;
  const own = event.type === "accepted" ? state.own.filter(({ turn }) => turn.id !== event.ask) : state.own;
  // This event makes older hints about the ask out of date, so they are dropped. Only a hint that announced the engine
  // call which now begins is kept, because it has the call's number and how many calls are allowed.
  const hint = state.hints.get(event.ask);
  const isAnnounced =
    event.type === "started" && hint?.stage === "waiting-for-engine" && hint.attempt === event.attempt;
  const hints = hint && !isAnnounced ? new Map([...state.hints].filter(([ask]) => ask !== event.ask)) : state.hints;
  return { log, own: own.length === state.own.length ? state.own : own, hints };
}

/** Applies a hint of the server. A hint that comes before the ask is known, or after the ask has ended, is dropped. */
function hear(state: TurnsState, ask: string, progress: AskProgress): TurnsState {
  const own = state.own.find(({ turn }) => turn.id === ask);
  if (own) return isOver(own.turn) ? state : putOwn(state, { turn: { ...own.turn, progress } });
  const logged = state.log.asks.find(({ id }) => id === ask);
  if (!logged || logged.state === "completed" || logged.state === "failed" || logged.state === "cancelled")
    return state;
  if (progress.stage === "queued" && isOutdone(logged, state.hints.get(ask), progress.file)) return state;
  return { ...state, hints: new Map(state.hints).set(ask, progress) };
}

/**
 * Whether a file's place in the queue says less than is known already: the file was extracted or the engine call has
 * begun, so the hint is late; or pages of another file of the ask are being extracted.
 */
function isOutdone({ state, files }: TranscriptAsk, known: AskProgress | undefined, file = 0): boolean {
  if (state === "asking" || files[file]?.extraction !== undefined) return true;
  return known?.stage === "extracting" && known.page !== undefined && known.file !== file;
}

function endOwn(state: TurnsState, id: string, how: Pick<Turn, "state" | "error">, after?: string): TurnsState {
  const own = state.own.find(({ turn }) => turn.id === id);
  if (!own || isOver(own.turn)) return state;
  const { progress: _, ...turn } = own.turn;
  return putOwn(state, behind({ ...turn, ...how }, after ?? before(state, id)));
}

/** Returns the id of the turn before the turn `id`; undefined for the first turn. */
export function before(state: TurnsState, id: string): string | undefined {
  const order = orderOf(state);
  return order[order.indexOf(id) - 1];
}

/**
 * Adds an ask of this client, or replaces its turn. If the ask had ended and is sent again, it moves to the end; turns
 * that were placed after it are then placed after the turn before it.
 */
function putOwn(state: TurnsState, made: OwnTurn): TurnsState {
  const { id } = made.turn;
  const index = state.own.findIndex(({ turn }) => turn.id === id);
  const before = state.own[index];
  if (!before) return { ...state, own: [...state.own, made] };
  if (isOver(made.turn) || !isOver(before.turn)) return { ...state, own: state.own.with(index, made) };
  const others = state.own.filter((one) => one !== before);
  return {
    ...state,
    own: [...others.map((one) => (one.after === id ? behind(one.turn, before.after) : one)), made],
  };
}

function behind(turn: Turn, after: string | undefined): OwnTurn {
  return { turn, ...(after !== undefined && { after }) };
}

function isLogged({ log }: TurnsState, id: string): boolean {
  return log.asks.some((ask) => ask.id === id);
}
