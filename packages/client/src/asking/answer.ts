import { isTerminal } from "@docrelay/protocol";
import type { Event } from "../wire/contract.ts";
import { createAskEvents } from "./ask-events.ts";
import type { Listener } from "../follower.ts";
import { RelayError } from "../wire/relay-error.ts";
import type { TurnStore } from "../turns/turn-store.ts";
import { isOver, type AskProgress, type Turn } from "../turns/turn.ts";
import type { AskFile } from "./draft.ts";
import type { Accepted } from "./entry.ts";

export interface AskOptions {
  /** Files to upload, or finished uploads by id. */
  readonly files?: readonly AskFile[];
  /** Passwords by the file's index, for `File` objects, which have no field for one. */
  readonly passwords?: ReadonlyMap<number, string>;
  /** The ask's id; default: a random id. Asking again with the same id and content stores nothing new. */
  readonly id?: string;
  /**
   * The id of an ask of the same conversation that this one replaces: its question was edited, or is asked again. The
   * server refuses an unknown id with `NOT_FOUND`; a replaced ask that is running continues unless it is cancelled.
   */
  readonly replaces?: string;
  /** `traceparent` of W3C Trace Context: a server that traces continues this trace, and errors contain its id. */
  readonly traceparent?: string;
  /** Aborting cancels the ask at any stage. */
  readonly signal?: AbortSignal;
  onProgress?(progress: AskProgress): void;
}

/**
 * The state of an ask. `waiting`: for earlier asks, for the connection (also in the middle of an upload), or because
 * the server is busy. `uploading`: its files. `sending`: to the server. `accepted`: the server has stored it; the
 * engine has not been called yet. `answering`: the engine was called. The last three are final.
 */
export type AnswerState =
  | "waiting"
  | "uploading"
  | "sending"
  | "accepted"
  | "answering"
  | "completed"
  | "failed"
  | "cancelled";

/** An answer while it is written: iterate over the ask's events in order; the terminal event is the last. */
export interface Answer extends AsyncIterable<Event> {
  readonly id: string;
  /**
   * Resolves when the ask is durable: from then on it gets a terminal event, whatever process dies. Rejects when the
   * ask was refused or stopped.
   */
  readonly accepted: Promise<Accepted>;
  readonly state: AnswerState;
  /** The number of unfinished asks before this one in the conversation. */
  readonly ahead: number;
  /** Calls the listener at each change of `state` or `ahead`; returns a function that stops it. */
  onState(listener: (state: AnswerState, ahead: number) => void): () => void;
  /**
   * Resolves to the whole reply, or to the text that had arrived when the ask was cancelled. @throws RelayError when
   * the ask failed or was refused.
   */
  text(): Promise<string>;
  /**
   * Resolves to the turn when it has ended: `completed`, `cancelled` or `failed`. Rejects when the conversation is
   * closed before.
   */
  result(): Promise<Turn>;
  /**
   * Ends the ask at any stage. An ask that the server has not acknowledged is stopped at once, even without a
   * connection: `accepted` rejects with an AbortError, the ask is not sent again, and it is cancelled if it turns out
   * that the server has it.
   */
  cancel(): Promise<void>;
  /**
   * Stops following the ask, which continues; `signal` no longer cancels it. Readers of the answer get an AbortError.
   */
  detach(): void;
}

/** The parts of its conversation that an answer uses. */
export interface AnswerDeps {
  readonly turns: TurnStore;
  /** Calls the listener with the conversation's kept events at once, and with each later event. */
  subscribe(listener: Listener): () => void;
  /** Stops an ask that the server has not acknowledged; returns false when there is none with this id. */
  stop(ask: string, reason: unknown): boolean;
  /** Cancels an ask that the server has accepted. */
  cancel(ask: string): Promise<void>;
}

export interface AnswerOf {
  readonly id: string;
  readonly accepted: Promise<Accepted>;
  /** Sends the ask again when the log was replaced and may have lost the ask. This is always safe. */
  again?(): Promise<unknown>;
  readonly signal?: AbortSignal | undefined;
  onProgress?(progress: AskProgress): void;
}

export function createAnswer(deps: AnswerDeps, of: AnswerOf): Answer {
  const { id, accepted, signal } = of;
  const { turns } = deps;
  const events = createAskEvents();
  const over = new AbortController();

  function end(error?: unknown): void {
    events.end(error);
    over.abort();
  }
  async function cancel(reason?: unknown): Promise<void> {
    if (deps.stop(id, reason ?? new DOMException("cancelled", "AbortError"))) return;
    await accepted; // Refused or stopped: nothing is left to cancel.
    await deps.cancel(id);
  }
  const onAbort = (): void => void cancel(signal?.reason).catch(() => undefined);

  const followed = followAsk(deps, id, {
    event(event) {
      events.push(event);
      if (isTerminal(event)) end();
    },
    progress: ({ conversation: _, ask: __, ...progress }) => of.onProgress?.(progress),
    reset() {
      events.clear();
      of.again?.().catch(end);
    },
    failed: end,
    closed: () => end(new Error("the conversation was closed before the answer ended")),
  });
  over.signal.addEventListener("abort", followed.stop);
  accepted.then(followed.release, end);
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true, signal: over.signal });

  const state = (): AnswerState => stateOf(turns.turn(id));
  const ahead = (): number => aheadOf(turns.asked, id);
  return {
    id,
    accepted,
    get state() {
      return state();
    },
    get ahead() {
      return ahead();
    },
    onState(listener) {
      let told = `${state()} ${ahead()}`;
      return turns.onChange(() => {
        const [now, before] = [state(), ahead()];
        if (told === `${now} ${before}`) return;
        told = `${now} ${before}`;
        listener(now, before);
      });
    },
    text: () => wholeText(events.read()),
    async result() {
      try {
        await wholeText(events.read());
      } catch (error) {
        if (!isEnd(error, turns, id)) throw error;
      }
      const turn = turns.turn(id);
      if (!turn || !isOver(turn)) throw new Error("the answer has no end");
      return turn;
    },
    cancel: () => cancel(),
    detach: () => end(new DOMException("the answer was detached", "AbortError")),
    [Symbol.asyncIterator]: () => events.read()[Symbol.asyncIterator](),
  };
}

/** Whether this error ends the answer: the ask failed, or it is an ask of this client that was refused or stopped. */
function isEnd(error: unknown, turns: TurnStore, id: string): boolean {
  const turn = turns.turn(id);
  if (!turn || !isOver(turn)) return false;
  return turns.seqOf(id) === undefined || (error instanceof RelayError && turn.error?.code === error.code);
}

function stateOf(turn: Turn | undefined): AnswerState {
  if (!turn || turn.state === "sending") {
    const stage = turn?.progress?.stage;
    return stage === "waiting" || stage === "uploading" ? stage : "sending";
  }
  if (turn.state === "running") return turn.attempt > 0 ? "answering" : "accepted";
  return turn.state;
}

function aheadOf(turns: readonly Turn[], id: string): number {
  const index = turns.findIndex((turn) => turn.id === id);
  return turns.slice(0, Math.max(0, index)).filter((turn) => !isOver(turn)).length;
}

/**
 * Follows one ask. Events that the conversation already has may belong to an earlier ask with this id: they are passed
 * on only at `release`, when the server has said that both are the same ask. Live events wait behind them, in order.
 */
function followAsk(
  { subscribe }: AnswerDeps,
  id: string,
  to: Required<Omit<Listener, "ready">>,
): { release: () => void; stop: () => void } {
  const held: Event[] = [];
  let replaying = true;
  const stop = subscribe({
    ...to,
    event(event) {
      if (event.ask !== id) return;
      if (replaying || held.length > 0) held.push(event);
      else to.event(event);
    },
    progress: (progress) => void (progress.ask === id && to.progress(progress)),
    reset() {
      held.length = 0;
      to.reset();
    },
  });
  replaying = false;
  return { stop, release: () => held.splice(0).forEach((event) => to.event(event)) };
}

async function wholeText(events: AsyncIterable<Event>): Promise<string> {
  for await (const event of events) {
    if (event.type === "completed" || event.type === "cancelled") return event.text;
    if (event.type === "failed") throw new RelayError(event.error);
  }
  throw new Error("the answer has no end");
}
