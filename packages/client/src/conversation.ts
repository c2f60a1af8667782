import { isTerminal, type Event, type Progress } from "@docrelay/protocol";
import { createAnswer, type Answer, type AskOptions } from "./answer.ts";
import { createFollower, type Follower, type Listener } from "./follower.ts";
import type { Link } from "./link.ts";
import type { Outbox } from "./outbox.ts";
import { createQueue } from "./queue.ts";
import type { RelayError } from "./relay-error.ts";
import type { FileInput } from "./upload.ts";

/** Ordered asks of one user, as its log tells them. */
export interface Conversation {
  readonly id: string;
  /** Hears every event once and in order, from the oldest that is kept on; returns how to stop. */
  subscribe(listener: Listener): () => void;
  /** The same as an iterable; ends when the conversation is closed. A reset or a failure throws. */
  events(): AsyncIterable<Event>;
  /** Asks. The answer is an iterable of the ask's events, and has `.text()`. */
  ask(message: string, options?: AskOptions): Answer;
  /** Ends an ask at any stage; its terminal event says how it ended. */
  cancel(ask: string): Promise<void>;
  /** Stops following it on this connection. */
  close(): void;
}

export interface ConversationDeps {
  readonly link: Link;
  readonly outbox: Outbox;
  send(
    file: FileInput,
    options: { signal?: AbortSignal; onProgress?: (sent: number, size: number) => void },
  ): Promise<string>;
  forget(file: object): void;
  onClose(): void;
}

export interface LiveConversation extends Conversation {
  hearEvent(event: Event): void;
  hearProgress(progress: Progress): void;
  resync(): void;
}

export function createConversation(id: string, deps: ConversationDeps): LiveConversation {
  const listeners = new Set<Listener>();
  const kept: Event[] = [];
  let follower: Follower | undefined;

  const fan: Required<Listener> = {
    event(event) {
      kept.push(event);
      if (isTerminal(event)) deps.outbox.settle(event.ask);
      for (const listener of listeners) listener.event(event);
    },
    progress: (progress) => listeners.forEach((listener) => listener.progress?.(progress)),
    reset() {
      kept.length = 0;
      for (const listener of listeners) listener.reset?.();
    },
    failed: (error: RelayError) => listeners.forEach((listener) => listener.failed?.(error)),
  };

  const conversation: LiveConversation = {
    id,
    subscribe(listener) {
      follower ??= createFollower(deps.link, id, fan);
      for (const event of kept) listener.event(event);
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    events() {
      const queue = createQueue<Event>(() => stop());
      const stop = conversation.subscribe({
        event: (event) => queue.push(event),
        reset: () => queue.end(new Error("the log was replaced")),
        failed: (error) => queue.end(error),
      });
      return queue;
    },
    ask(message, options = {}) {
      return createAnswer(conversation, deps, message, options, (seq, ask, duplicate) =>
        follower?.input({ type: "asked", ask, seq, duplicate }),
      );
    },
    async cancel(ask) {
      await deps.link.call("cancel", { conversation: id, ask });
    },
    close() {
      follower?.stop();
      follower = undefined;
      listeners.clear();
      kept.length = 0;
      // Should it not arrive: the connection's end closes it, too.
      if (deps.link.state === "online")
        deps.link.once("conversation:close", { conversation: id }).catch(() => undefined);
      deps.onClose();
    },
    hearEvent: (event) => follower?.input({ type: "event", event }),
    hearProgress: (progress) => fan.progress(progress),
    resync: () => follower?.input({ type: "resync" }),
  };
  return conversation;
}
