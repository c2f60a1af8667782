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
  /** Passwords by the file's index, for `File` objects, which cannot carry one. */
  readonly passwords?: ReadonlyMap<number, string>;
  /** The ask's id. Asking again with the same id and content stores nothing new. A random id by default. */
  readonly id?: string;
  /**
   * The id of an ask of the same conversation whose place this one takes: its question was edited, or is asked again. The
   * server refuses an ask that it does not know as `NOT_FOUND`; one that runs goes on unless it is cancelled.
   */
  readonly replaces?: string;
  /** `traceparent` of W3C Trace Context: servers that trace go on with that trace, and errors name its id. */
  readonly traceparent?: string;
  /** Aborting cancels the ask at any stage. */
  readonly signal?: AbortSignal;
  onProgress?(progress: AskProgress): void;
}

/**
 * `waiting` for earlier asks, for the connection (also in the middle of an upload) or because the server is busy,
 * `uploading` files, `sending`; then the server has it: `accepted` until the engine is asked, `answering`, and one of the last three for good.
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

/** An answer as it is written: the ask's events in order, the terminal event last. */
export interface Answer extends AsyncIterable<Event> {
  readonly id: string;
  /** Resolves when the ask is durable: from then on it ends, whatever process dies. Rejects when it was refused or stopped. */
  readonly accepted: Promise<Accepted>;
  readonly state: AnswerState;
  /** How many asks of the conversation stand before it and are not over. */
  readonly ahead: number;
  /** Calls the listener at each change of `state` or `ahead`; returns how to stop. */
  onState(listener: (state: AnswerState, ahead: number) => void): () => void;
  /** The whole reply, or what had arrived when it was cancelled. @throws RelayError when the ask failed or was refused. */
  text(): Promise<string>;
  /** The turn when it is over: `completed`, `cancelled` or `failed`. Rejects when the conversation is closed before. */
  result(): Promise<Turn>;
  /**
   * Ends the ask at any stage. One that the server has not acknowledged is stopped at once, also without a connection:
   * `accepted` rejects with an AbortError, it is not sent again, and it is cancelled should the server have it.
   */
  cancel(): Promise<void>;
  /** Stops hearing of the ask, which goes on; `signal` does not cancel it any more. Readers get an AbortError. */
  detach(): void;
}

/** What an answer needs of its conversation. */
export interface AnswerDeps {
  readonly turns: TurnStore;
  /** Calls the listener with the conversation's kept events at once, then with each new event. */
  subscribe(listener: Listener): () => void;
  /** Stops an ask that the server has not acknowledged; false when there is none. */
  stop(ask: string, reason: unknown): boolean;
  /** Cancels an ask that the server has accepted. */
  cancel(ask: string): Promise<void>;
}

export interface AnswerOf {
  readonly id: string;
  readonly accepted: Promise<Accepted>;
  /** Asks again, because the log was replaced and may have lost the ask: that is always safe. */
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

/** Whether an answer that threw is over with it: it failed, or it is a turn of this client that was refused or stopped. */
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
 * Listens to one ask. Events that the conversation holds already are of an earlier ask with this id; they are passed on
 * at `release`, when the server has said that both are the same. Live events stay behind them, in order.
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
