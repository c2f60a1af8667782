import { isTerminal, type Event, type Progress } from "@docrelay/protocol";
import type { Conversation, ConversationDeps } from "./conversation.ts";
import type { Outgoing } from "./outbox.ts";
import { createQueue } from "./queue.ts";
import { RelayError } from "./relay-error.ts";
import type { FileInput } from "./upload.ts";

export interface Accepted {
  readonly seq: number;
  readonly duplicate: boolean;
}

/** Where an ask is: a file on its way up, or the server's own hint. `file` is its index in the ask. */
export type AskProgress =
  | { readonly stage: "uploading"; readonly file: number; readonly sent: number; readonly size: number }
  | Omit<Progress, "conversation" | "ask">;

export interface AskOptions {
  /** Files to read, or uploads that are there already, by id. */
  readonly files?: ReadonlyArray<(FileInput | { readonly upload: string }) & { readonly password?: string }>;
  /** Passwords by the file's index, for files that cannot carry one themselves. */
  readonly passwords?: ReadonlyMap<number, string>;
  /** The ask's id, should it be known before; a fresh one otherwise. */
  readonly id?: string;
  /** Aborting cancels the ask, at whatever stage it is. */
  readonly signal?: AbortSignal;
  onProgress?(progress: AskProgress): void;
}

/** An answer on its way: the ask's events in order, ending with the terminal one. */
export interface Answer extends AsyncIterable<Event> {
  readonly id: string;
  /** The ask is durable: from here on it ends, whatever dies. Rejects when it was refused. */
  readonly accepted: Promise<Accepted>;
  /** The whole reply. @throws RelayError when the ask failed; what had arrived when it was cancelled. */
  text(): Promise<string>;
  cancel(): Promise<void>;
}

type Asked = (seq: number, ask: string, duplicate: boolean) => void;

export function createAnswer(
  conversation: Conversation,
  deps: ConversationDeps,
  message: string,
  options: AskOptions,
  onAsked: Asked,
): Answer {
  const id = options.id ?? crypto.randomUUID();
  const { signal, onProgress } = options;
  const queues = new Set<ReturnType<typeof createQueue<Event>>>();
  const events: Event[] = [];
  let failure: unknown;

  const unsubscribe = conversation.subscribe({
    event(event) {
      if (event.ask !== id) return;
      events.push(event);
      for (const queue of queues) queue.push(event);
      if (isTerminal(event)) settle();
    },
    progress: ({ conversation: _, ask, ...progress }) => void (ask === id && onProgress?.(progress)),
    reset: () => void (events.length = 0),
    failed: (error) => settle(error),
  });
  function settle(error?: unknown): void {
    failure ??= error;
    unsubscribe();
    signal?.removeEventListener("abort", cancel);
    for (const queue of queues) queue.end(error);
  }

  const sent = new AbortController();
  const cancel = (): void => {
    sent.abort(signal?.reason ?? new DOMException("cancelled", "AbortError"));
    answer.cancel().catch(() => undefined); // it may never have been accepted
  };

  async function send(): Promise<Accepted> {
    const files = await Promise.all((options.files ?? []).map((file, index) => reference(file, index)));
    const ask: Outgoing = { id, conversation: conversation.id, message, files };
    deps.outbox.put(ask);
    const ack = await sendAsk(deps, ask, sent.signal);
    onAsked(ack.seq, id, ack.duplicate);
    return ack;
  }
  async function reference(
    file: NonNullable<AskOptions["files"]>[number],
    index: number,
  ): Promise<Outgoing["files"][number]> {
    const password = file.password ?? options.passwords?.get(index);
    const upload =
      "upload" in file
        ? file.upload
        : await deps.send(file, {
            signal: sent.signal,
            onProgress: (done, size) => onProgress?.({ stage: "uploading", file: index, sent: done, size }),
          });
    return password === undefined ? { upload } : { upload, password };
  }

  const accepted = send();
  accepted.catch((error: unknown) => {
    // A file that the server no longer has is sent anew the next time.
    if (error instanceof RelayError && error.code === "NOT_FOUND")
      for (const file of options.files ?? []) deps.forget(file);
    settle(error);
  });

  const answer: Answer = {
    id,
    accepted,
    async text() {
      for await (const event of answer) {
        if (event.type === "completed" || event.type === "cancelled") return event.text;
        if (event.type === "failed") throw new RelayError(event.error);
      }
      throw new Error("the conversation was closed before the answer ended");
    },
    cancel: () => conversation.cancel(id),
    [Symbol.asyncIterator]() {
      const queue = createQueue<Event>(() => queues.delete(queue));
      queues.add(queue);
      for (const event of events) queue.push(event);
      const last = events.at(-1);
      if (failure !== undefined || (last && isTerminal(last))) queue.end(failure);
      return queue[Symbol.asyncIterator]();
    },
  };
  if (signal?.aborted) cancel();
  else signal?.addEventListener("abort", cancel, { once: true });
  return answer;
}

/** Sends an ask until it is acknowledged or refused for good; only then it leaves the outbox. */
export async function sendAsk(
  deps: Pick<ConversationDeps, "link" | "outbox">,
  ask: Outgoing,
  signal?: AbortSignal,
): Promise<Accepted> {
  const { files, ...rest } = ask;
  try {
    const payload = files.length > 0 ? { ...rest, files } : rest;
    const ack = await deps.link.call<Accepted>("ask", payload, { deadlineMs: 120_000, ...(signal ? { signal } : {}) });
    deps.outbox.settle(ask.id);
    return ack;
  } catch (error) {
    if (error instanceof RelayError && !error.retryable) deps.outbox.settle(ask.id);
    throw error;
  }
}
