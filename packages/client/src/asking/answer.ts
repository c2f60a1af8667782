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
  /** Files to upload with the ask, or the ids of finished uploads. */
  readonly files?: readonly AskFile[];
  /** Passwords of files, by the file's index. They are meant for `File` objects, which have no field for a password. */
  readonly passwords?: ReadonlyMap<number, string>;
  /**
   * The ask's id; default: a random id. If an ask with the same id and content is stored already, nothing new is
   * stored.
   */
  readonly id?: string;
  /**
   * The id of an ask of the same conversation that this one replaces: its question was edited, or is asked again. The
   * server refuses an unknown id with `NOT_FOUND`. If the replaced ask is running, it continues unless it is cancelled.
   */
  readonly replaces?: string;
  /**
   * A `traceparent` of W3C Trace Context. A server that traces continues this trace; errors of the ask then have the id
   * of this trace.
   */
  readonly traceparent?: string;
  /** Aborting this signal cancels the ask at any stage. */
  readonly signal?: AbortSignal;
  onProgress?(progress: AskProgress): void;
}

/**
 * The state of an ask. `completed`, `failed` and `cancelled` are final.
 *
 * - `waiting`: the ask waits for earlier asks, for the connection (also in the middle of an upload), or because the
 *   server is busy.
 * - `uploading`: the ask's files are uploaded.
 * - `sending`: the ask is sent to the server.
 * - `accepted`: the server has stored the ask; the engine has not been called yet.
 * - `answering`: the engine was called.
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

/**
 * An answer while it is written. As an iterable it yields the ask's events in order; the last one is the terminal
 * event.
 */
export interface Answer extends AsyncIterable<Event> {
  readonly id: string;
  /**
   * Resolves when the server has stored the ask: from then on, the ask gets a terminal event, even if processes of the
   * server crash. Rejects when the ask was refused or stopped.
   */
  readonly accepted: Promise<Accepted>;
  readonly state: AnswerState;
  /** How many unfinished asks of the conversation are before this ask. */
  readonly ahead: number;
  /** Calls the listener at each change of `state` or `ahead`. Returns a function that removes the listener. */
  onState(listener: (state: AnswerState, ahead: number) => void): () => void;
  /**
   * Resolves with the whole reply; if the ask is cancelled, with the text that had arrived. @throws RelayError when the
   * ask failed or was refused.
   */
  text(): Promise<string>;
  /**
   * Resolves with the ask's turn when it has ended as `completed`, `cancelled` or `failed`. Rejects when before that
   * the conversation is closed, the answer is detached, or the log cannot be read.
   */
  result(): Promise<Turn>;
  /**
   * Ends the ask at any stage. If the server has not acknowledged the ask, it is stopped at once, even without a
   * connection: `accepted` rejects with an AbortError, and the ask is not sent again. If the server has stored the ask
   * nevertheless, the ask is cancelled there.
   */
  cancel(): Promise<void>;
  /**
   * Stops following the ask. The ask continues, and the `signal` that was given for it no longer cancels it. Readers of
   * the answer get an AbortError.
   */
  detach(): void;
}

export interface AnswerDeps {
  readonly turns: TurnStore;
  /**
   * Calls the listener at once with each kept event of the conversation, and later with each new event. Returns a
   * function that removes the listener.
   */
  subscribe(listener: Listener): () => void;
  /** Stops an ask that the server has not acknowledged. Returns false when no such ask is on its way. */
  stop(ask: string, reason: unknown): boolean;
  /** Cancels an ask that the server has accepted. */
  cancel(ask: string): Promise<void>;
}

export interface AnswerOf {
  readonly id: string;
  readonly accepted: Promise<Accepted>;
  /**
   * Sends the ask again. Called when the server's log was replaced, because the new log may lack the ask. The server
   * stores an ask only once, however often it is sent.
   */
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
    await accepted; // If this throws, the ask was refused or stopped, and there is nothing to cancel.
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

/**
 * Whether `error` is the end of the ask: the ask has failed with this error, or was refused or stopped before the log
 * had it. Then `result` returns the turn. Any other error comes from reading the log, and `result` throws it.
 */
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
 * Follows one ask. The conversation may already have events of an earlier ask with the same id. These events, and all
 * that follow them, are held back until `release` is called, so that they stay in order. `release` must be called once
 * the server has acknowledged the ask, which shows that the earlier ask is the same one.
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
