import { isTerminal, type Event } from "@docrelay/protocol";
import { createAskEvents } from "./ask-events.ts";
import type { Listener } from "../follower.ts";
import { newId } from "../id.ts";
import type { Accepted } from "./outbox.ts";
import { RelayError } from "../wire/relay-error.ts";
import type { AskProgress } from "../turns/turn.ts";
import { sendDraft, type AskFile, type SendingDeps } from "./sending.ts";

export interface AskOptions {
  /** Files to upload, or finished uploads by id. */
  readonly files?: readonly AskFile[];
  /** Passwords by the file's index, for `File` objects, which cannot carry one. */
  readonly passwords?: ReadonlyMap<number, string>;
  /** The ask's id. Asking again with the same id and content stores nothing new. A random id by default. */
  readonly id?: string;
  /** Aborting cancels the ask at any stage. */
  readonly signal?: AbortSignal;
  onProgress?(progress: AskProgress): void;
}

/** An answer as it is written: the ask's events in order, the terminal event last. */
export interface Answer extends AsyncIterable<Event> {
  readonly id: string;
  /** Resolves when the ask is durable: from then on it ends, whatever process dies. Rejects when it was refused. */
  readonly accepted: Promise<Accepted>;
  /** The whole reply, or what had arrived when it was cancelled. @throws RelayError when the ask failed or was refused. */
  text(): Promise<string>;
  /** Ends the ask at any stage. An ask that was not sent yet is never sent; `accepted` then rejects with an AbortError. */
  cancel(): Promise<void>;
}

/** What an answer needs of its conversation and its connection. */
export interface AnswerDeps extends SendingDeps {
  /** Calls the listener with the conversation's kept events at once, then with each new event. */
  subscribe(listener: Listener): () => void;
  /** Cancels an ask that the server has accepted. */
  cancel(ask: string): Promise<void>;
}

export function createAnswer(deps: AnswerDeps, conversation: string, message: string, options: AskOptions): Answer {
  const { id = newId(), files = [], passwords, signal, onProgress } = options;
  const events = createAskEvents();
  const over = new AbortController();
  const onUpload = (file: number, sent: number, size: number): void =>
    onProgress?.({ stage: "uploading", file, sent, size });
  const sending = sendDraft(deps, { id, conversation, message, files, passwords, onUpload });

  function end(error?: unknown): void {
    events.end(error);
    over.abort();
  }
  async function cancel(reason?: unknown): Promise<void> {
    if (sending.withdraw(reason ?? new DOMException("cancelled", "AbortError"))) return;
    await sending.accepted; // The server can only cancel what it has accepted.
    await deps.cancel(id);
  }
  const onAbort = (): void => void cancel(signal?.reason).catch(() => undefined); // Refused: nothing is left to cancel.

  const followed = followAsk(deps, id, {
    event(event) {
      events.push(event);
      if (isTerminal(event)) end();
    },
    progress: ({ conversation: _, ask: __, ...progress }) => onProgress?.(progress),
    reset() {
      events.clear();
      // The log may have lost this ask. Sending it again is always safe.
      sending.again().catch(end);
    },
    failed: end,
    closed: () => end(new Error("the conversation was closed before the answer ended")),
  });
  over.signal.addEventListener("abort", followed.stop);
  sending.accepted.then(followed.release, end);
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true, signal: over.signal });

  return {
    id,
    accepted: sending.accepted,
    text: () => wholeText(events.read()),
    cancel: () => cancel(),
    [Symbol.asyncIterator]: () => events.read()[Symbol.asyncIterator](),
  };
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
