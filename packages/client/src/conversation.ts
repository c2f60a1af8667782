import type { LogEntry } from "@docrelay/protocol";
import type { Answer, AskOptions } from "./asking/answer.ts";
import { createAsks } from "./asking/asks.ts";
import type { UploadDeps } from "./asking/draft.ts";
import type { Outbox } from "./asking/outbox.ts";
import { createQueue } from "./asking/queue.ts";
import type { Listener } from "./follower.ts";
import type { Link } from "./link/link.ts";
import { createReading, type Reading } from "./reading.ts";
import { createTurnStore } from "./turns/turn-store.ts";
import type { Turn } from "./turns/turn.ts";
import type { Event, Progress } from "./wire/contract.ts";

/** A conversation: the asks of one user under one id, in order, with their answers, as the server's log has them. */
export interface Conversation {
  readonly id: string;
  /**
   * Calls the listener with each event, once and in order, beginning with the oldest kept event. Returns a function
   * that removes the listener.
   */
  subscribe(listener: Listener): () => void;
  /**
   * Returns the events that `subscribe` passes on, as an iterable. The iterable ends when the conversation is closed,
   * and throws when the server's log was replaced or cannot be read.
   */
  events(): AsyncIterable<Event>;
  /**
   * Sends a question, after all questions asked before it. The answer is an iterable of the ask's events; its `text()`
   * waits for the whole reply. A closed conversation is opened again.
   */
  ask(message: string, options?: AskOptions): Answer;
  /** Returns the answer of an ask in `turns`, also of one that another client of the user has made. Sends nothing. */
  answer(ask: string): Answer | undefined;
  /**
   * Asks the question of an ended turn once more, with the same files. If the server refused the ask or never had it,
   * the id stays the same; otherwise this makes a new ask. For a turn that has not ended, returns its running answer.
   * @throws Error when there is no such turn; RelayError `NOT_FOUND` with the index of a file that must be given again
   */
  retry(ask: string, options?: Pick<AskOptions, "passwords" | "signal" | "onProgress">): Answer;
  /**
   * The asks with their answers, in order: those in the log, and this client's asks that are on their way to it. If a
   * question was edited or asked again (`AskOptions.replaces`), only its newest version is listed, with the others as
   * `versions`. The array, and each turn in it, stays the same object until it changes. Empty until the log was read.
   */
  readonly turns: readonly Turn[];
  /**
   * Calls the listener after each change of `turns`, and begins to read the log. Returns a function that removes the
   * listener.
   */
  onTurns(listener: () => void): () => void;
  /**
   * Resolves when the log was read to its end for the first time. Before that, an empty `turns` does not mean that the
   * conversation is empty. @throws RelayError
   */
  readonly ready: Promise<void>;
  /** Cancels an ask at any stage; its turn shows the outcome. Safe to repeat. @throws RelayError */
  cancel(ask: string): Promise<void>;
  /**
   * Sends the user's feedback on an ended answer to the operators of the server; `none` withdraws it. The ask's turn
   * shows it as `feedback` on every device. `word`: the user's own words, at most 500 characters. @throws RelayError
   * `NOT_FOUND`, `ASK_CONFLICT`, `RATE_LIMITED`
   */
  feedback(ask: string, verdict: "up" | "down" | "none", word?: string): Promise<void>;
  /**
   * Stops reading the conversation on this connection. Its asks continue, also those on their way to the server.
   * Answers that have not ended throw.
   */
  close(): void;
}

export interface ConversationDeps extends UploadDeps {
  readonly link: Link;
  readonly outbox: Outbox;
  /**
   * Called when a closed conversation is read again. @throws Error when another object for its id has been made since
   * it was closed
   */
  register(): void;
  /** Called when the conversation is closed and none of its asks is on its way any more. */
  unregister(): void;
}

export interface LiveConversation extends Conversation {
  hearEvent(entry: LogEntry): void;
  hearProgress(progress: Progress): void;
  resync(): void;
  /** Adds this conversation's asks from the outbox. Must be called when the user has changed or has become known. */
  restore(): void;
  connectionChanged(): void;
}

export function createConversation(id: string, deps: ConversationDeps): LiveConversation {
  const { link, outbox, upload, forget } = deps;
  const turns = createTurnStore();
  const leave = (): void => {
    if (reading.isClosed && asks.sendQueue.isEmpty) deps.unregister();
  };
  const reading: Reading = createReading(
    id,
    { link, register: () => deps.register(), together: turns.together },
    {
      event: (event) => asks.heard(event),
      progress: ({ conversation: _, ask, ...progress }) => turns.change({ type: "progress", ask, progress }),
      reset: () => turns.change({ type: "reset" }),
    },
  );
  const asks = createAsks({ conversation: id, link, outbox, upload, forget, turns, reading, onEmpty: leave });
  asks.sendQueue.restore();

  return {
    id,
    subscribe(listener) {
      reading.read();
      return reading.add(listener);
    },
    events: () => eventsOf(reading),
    ask: (message, options = {}) => asks.ask(message, options),
    answer: (ask) => asks.answer(ask),
    retry: (ask, options = {}) => asks.retry(ask, options),
    get turns() {
      return turns.turns;
    },
    onTurns(listener) {
      const stop = turns.onChange(listener);
      reading.read();
      return stop;
    },
    get ready() {
      reading.read();
      return reading.ready;
    },
    cancel: (ask) => asks.cancel(ask),
    async feedback(ask, verdict, word) {
      await link.call("feedback", { conversation: id, ask, verdict, ...(word !== undefined && { word }) });
    },
    close() {
      reading.close();
      turns.clearListeners();
      turns.change({ type: "reset" });
      // An error is ignored: when the connection ends, the server closes the conversation by itself.
      if (link.state === "online") link.once("conversation:close", { conversation: id }).catch(() => undefined);
      leave();
    },
    hearEvent: (event) => reading.input({ type: "event", event }),
    hearProgress: (progress) => reading.listeners.progress(progress),
    resync: () => reading.input({ type: "resync" }),
    restore: () => asks.sendQueue.restore(),
    connectionChanged: () => asks.sendQueue.connectionChanged(),
  };
}

function eventsOf(reading: Reading): AsyncIterable<Event> {
  const queue = createQueue<Event>(() => stop());
  reading.read();
  const stop = reading.add({
    event: (event) => queue.push(event),
    reset: () => queue.end(new Error("the log was replaced")),
    failed: (error) => queue.end(error),
    closed: () => queue.end(),
  });
  return queue;
}
