import { isTerminal, type Event, type Progress } from "@docrelay/protocol";
import { createAnswer, type Answer, type AskOptions } from "./answer.ts";
import { createFollower, type Follower, type Listener } from "./follower.ts";
import type { Link } from "./link.ts";
import type { Outbox } from "./outbox.ts";
import { createQueue } from "./queue.ts";
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
  /** Forgets that a file was sent; false for one that never was. */
  forget(file: object): boolean;
  onClose(): void;
}

export interface LiveConversation extends Conversation {
  hearEvent(event: Event): void;
  hearProgress(progress: Progress): void;
  resync(): void;
}

/** For those who subscribe late; twice what a server keeps of a conversation. */
const MOST_KEPT = 10_000;

export function createConversation(id: string, deps: ConversationDeps): LiveConversation {
  const listeners = new Set<Listener>();
  const kept: Event[] = [];
  let follower: Follower | undefined;

  /** A listener that throws must not keep events from the others, nor from the state that counts them as shown. */
  function tell(say: (listener: Listener) => void): void {
    for (const listener of [...listeners]) {
      try {
        say(listener);
      } catch (error) {
        setTimeout(() => {
          throw error;
        });
      }
    }
  }
  const fan: Required<Listener> = {
    event(event) {
      kept.push(event);
      if (kept.length > MOST_KEPT) kept.shift();
      if (isTerminal(event)) deps.outbox.settle(event.ask);
      tell((listener) => listener.event(event));
    },
    progress: (progress) => tell((listener) => listener.progress?.(progress)),
    reset() {
      kept.length = 0;
      tell((listener) => listener.reset?.());
    },
    failed: (error) => tell((listener) => listener.failed?.(error)),
    closed: () => tell((listener) => listener.closed?.()),
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
        closed: () => queue.end(),
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
      fan.closed();
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
