import { isTerminal, wireError, type Event, type LogEntry, type Progress } from "@docrelay/protocol";
import { createAnswer, type Answer, type AnswerDeps, type AskOptions } from "./asking/answer.ts";
import { createFan } from "./fan.ts";
import { createFollower, type Follower, type Listener } from "./follower.ts";
import type { Link } from "./link/link.ts";
import { sendAsk, type Outbox } from "./asking/outbox.ts";
import { createQueue } from "./asking/queue.ts";
import type { AskFile, SendingDeps } from "./asking/sending.ts";
import { newId } from "./id.ts";
import { createReadiness } from "./readiness.ts";
import { createTurnStore } from "./turns/turn-store.ts";
import type { Turn, TurnFile } from "./turns/turn.ts";
import type { Change } from "./turns/turns-state.ts";
import { RelayError } from "./wire/relay-error.ts";

/** One user's asks in order, and their answers, as the server's log has them. */
export interface Conversation {
  readonly id: string;
  /** Calls the listener with each event once and in order, beginning with the oldest event kept; returns how to stop. */
  subscribe(listener: Listener): () => void;
  /** The same as an iterable. It ends when the conversation is closed, and throws at a reset or a failure. */
  events(): AsyncIterable<Event>;
  /** Sends a question. The answer is an iterable of the ask's events; `text()` waits for the whole reply. */
  ask(message: string, options?: AskOptions): Answer;
  /**
   * The asks with their answers, in order: those of the log, and those of this client that are on their way to it. The same
   * array until something changes, and the same object for a turn that did not; empty until something reads the log.
   */
  readonly turns: readonly Turn[];
  /** Calls the listener after each change of `turns`, and reads the log; returns how to stop. */
  onTurns(listener: () => void): () => void;
  /** Resolves when the log was told up to its head once: only then is an empty conversation known to be empty. @throws RelayError */
  readonly ready: Promise<void>;
  /** Ends an ask at any stage; its terminal event says how it ended. Safe to repeat. @throws RelayError */
  cancel(ask: string): Promise<void>;
  /** Stops listening on this connection; the asks go on. Answers that have not ended throw. */
  close(): void;
}

export interface ConversationDeps extends Pick<SendingDeps, "upload" | "forget"> {
  readonly link: Link;
  readonly outbox: Outbox;
  onClose(): void;
}

export interface LiveConversation extends Conversation {
  hearEvent(entry: LogEntry): void;
  hearProgress(progress: Progress): void;
  resync(): void;
}

export function createConversation(id: string, deps: ConversationDeps): LiveConversation {
  const { link, outbox } = deps;
  const turns = createTurnStore();
  let readiness = createReadiness();
  const fan = createFan({
    event(event) {
      // Its end is in the log, so the server had it: no acknowledgement is needed any more.
      if (isTerminal(event)) outbox.settle(event.ask);
      turns.change({ type: "event", event });
    },
    progress: ({ conversation: _, ask, ...progress }) => turns.change({ type: "progress", ask, progress }),
    ready: () => readiness.reached(),
    reset: () => turns.change({ type: "reset" }),
    failed: (error) => readiness.failed(error),
  });
  let follower: Follower | undefined;

  function read(): void {
    follower ??= createFollower(link, id, fan.all);
  }

  const answering: AnswerDeps = {
    upload: deps.upload,
    forget: deps.forget,
    subscribe: (listener) => conversation.subscribe(listener),
    cancel: (ask) => conversation.cancel(ask),
    async send(ask) {
      const { seq, duplicate } = await sendAsk(deps, ask);
      follower?.input({ type: "asked", ask: ask.id, seq, duplicate });
      return { seq, duplicate };
    },
  };
  const conversation: LiveConversation = {
    id,
    subscribe(listener) {
      read();
      return fan.add(listener);
    },
    events() {
      const queue = createQueue<Event>(() => stop());
      const stop = conversation.subscribe({
        event: (event) => queue.push(event),
        reset: () => queue.end(new Error("the log was replaced")),
        failed: (error) => queue.end(error),
        closed: () => queue.end(),
      });
      return queue;
    },
    ask(message, options = {}) {
      const { id: ask = newId(), files = [], onProgress } = options;
      turns.change({ type: "sending", id: ask, question: message, files: files.map(turnFileOf), at: Date.now() });
      const answer = createAnswer(answering, id, message, {
        ...options,
        id: ask,
        onProgress(progress) {
          // Hints of the server come to the turns by themselves, also those about asks of other clients.
          if (progress.stage === "uploading") turns.change({ type: "progress", ask, progress });
          onProgress?.(progress);
        },
      });
      answer.accepted.catch((error: unknown) => turns.change(endOf(ask, error)));
      return answer;
    },
    get turns() {
      return turns.turns;
    },
    onTurns(listener) {
      const stop = turns.onChange(listener);
      read();
      return stop;
    },
    get ready() {
      read();
      return readiness.ready;
    },
    async cancel(ask) {
      await link.call("cancel", { conversation: id, ask });
    },
    close() {
      follower?.stop();
      follower = undefined;
      fan.all.closed();
      fan.clear();
      turns.clearListeners();
      readiness.failed(new Error("the conversation was closed before its log was read"));
      readiness = createReadiness();
      // Not repeated when it gets lost: the end of the connection closes the conversation, too.
      if (link.state === "online") link.once("conversation:close", { conversation: id }).catch(() => undefined);
      deps.onClose();
    },
    hearEvent: (event) => follower?.input({ type: "event", event }),
    hearProgress: (progress) => fan.all.progress(progress),
    resync: () => follower?.input({ type: "resync" }),
  };
  return conversation;
}

function turnFileOf(file: AskFile): TurnFile {
  if ("upload" in file) return { name: file.name ?? "", size: file.size ?? 0 };
  const content = file instanceof Blob ? file : file.bytes;
  return { name: file.name, size: content instanceof Blob ? content.size : content.length };
}

/** How an ask ended that the server did not accept: stopped, or refused. */
function endOf(id: string, error: unknown): Change {
  if (error instanceof RelayError) return { type: "refused", id, error };
  if (error instanceof DOMException) return { type: "stopped", id };
  return { type: "refused", id, error: new RelayError(wireError("INTERNAL"), { cause: error }) };
}
