import { isTerminal, type Event, type LogEntry, type Progress } from "@docrelay/protocol";
import { createAnswer, type Answer, type AnswerDeps, type AskOptions } from "./asking/answer.ts";
import { createFan } from "./fan.ts";
import { createFollower, type Follower, type Listener } from "./follower.ts";
import type { Link } from "./link/link.ts";
import { sendAsk, type Outbox } from "./asking/outbox.ts";
import { createQueue } from "./asking/queue.ts";
import type { SendingDeps } from "./asking/sending.ts";

/** One user's asks in order, and their answers, as the server's log has them. */
export interface Conversation {
  readonly id: string;
  /** Calls the listener with each event once and in order, beginning with the oldest event kept; returns how to stop. */
  subscribe(listener: Listener): () => void;
  /** The same as an iterable. It ends when the conversation is closed, and throws at a reset or a failure. */
  events(): AsyncIterable<Event>;
  /** Sends a question. The answer is an iterable of the ask's events; `text()` waits for the whole reply. */
  ask(message: string, options?: AskOptions): Answer;
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
  const fan = createFan((event) => {
    // Its end is in the log, so the server had it: no acknowledgement is needed any more.
    if (isTerminal(event)) outbox.settle(event.ask);
  });
  let follower: Follower | undefined;

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
      follower ??= createFollower(link, id, fan.all);
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
    ask: (message, options = {}) => createAnswer(answering, id, message, options),
    async cancel(ask) {
      await link.call("cancel", { conversation: id, ask });
    },
    close() {
      follower?.stop();
      follower = undefined;
      fan.all.closed();
      fan.clear();
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
