import type { TranscriptAsk } from "@docrelay/protocol";
import { tellAll } from "../tell-all.ts";
import { createShownTurns } from "./shown-turns.ts";
import { turnOf, type AskProgress, type Turn } from "./turn.ts";
import { before, changeTurns, NO_TURNS, orderOf, type Change } from "./turns-state.ts";

/** The turns of a conversation for a UI: an array that is replaced at each change, and listeners for the changes. */
export interface TurnStore {
  /**
   * The turns as `Conversation.turns` has them: the same array until something changes. A turn that has not changed is
   * the same object.
   */
  readonly turns: readonly Turn[];
  /** All turns in the order in which they were asked. Replaced turns are among them, and no turn has `versions`. */
  readonly asked: readonly Turn[];
  turn(id: string): Turn | undefined;
  /** Returns the id of the turn before the turn `id`; undefined for the first turn. */
  before(id: string): string | undefined;
  /** Returns the seq of an ask's `accepted` event; undefined when the log does not have it. */
  seqOf(id: string): number | undefined;
  change(by: Change): void;
  /**
   * Calls a function, and calls the listeners once for all changes that it makes. Without this, reading a long log
   * would call them for each event.
   */
  readonly together: (act: () => void) => void;
  onChange(listener: () => void): () => void;
  clearListeners(): void;
}

export function createTurnStore(): TurnStore {
  const listeners = new Set<() => void>();
  const made = new WeakMap<TranscriptAsk, { readonly hint: AskProgress | undefined; readonly turn: Turn }>();
  let state = NO_TURNS;
  const show = createShownTurns();
  let asked: readonly Turn[] | undefined = [];
  let turns: readonly Turn[] | undefined = [];

  function loggedTurn(ask: TranscriptAsk): Turn {
    const hint = state.hints.get(ask.id);
    const known = made.get(ask);
    if (known && known.hint === hint) return known.turn;
    const turn = turnOf(ask, hint);
    made.set(ask, { hint, turn });
    return turn;
  }
  function snapshot(): readonly Turn[] {
    const byId = new Map(state.own.map(({ turn }) => [turn.id, turn]));
    for (const ask of state.log.asks) byId.set(ask.id, loggedTurn(ask));
    return orderOf(state).flatMap((id) => byId.get(id) ?? []);
  }
  let isHeld = false;
  let isDue = false;
  function tell(): void {
    isDue = isHeld;
    if (!isHeld) tellAll(listeners, (listener) => listener());
  }
  const allAsked = (): readonly Turn[] => (asked ??= snapshot());
  return {
    get turns() {
      return (turns ??= show(allAsked()));
    },
    get asked() {
      return allAsked();
    },
    turn(id) {
      const ask = state.log.asks.findLast((one) => one.id === id);
      return ask ? loggedTurn(ask) : state.own.find(({ turn }) => turn.id === id)?.turn;
    },
    before: (id) => before(state, id),
    seqOf: (id) => state.log.asks.findLast((ask) => ask.id === id)?.seq,
    change(by) {
      const next = changeTurns(state, by);
      if (next === state) return;
      state = next;
      asked = undefined;
      turns = undefined;
      tell();
    },
    together(act) {
      if (isHeld) return act();
      isHeld = true;
      try {
        act();
      } finally {
        isHeld = false;
        if (isDue) tell();
      }
    },
    onChange(listener) {
      // The same listener may be added twice and then removed once, so each call adds a new function.
      const own = (): void => listener();
      listeners.add(own);
      return () => listeners.delete(own);
    },
    clearListeners: () => listeners.clear(),
  };
}
