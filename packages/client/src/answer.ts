import { isTerminal, type Event, type Progress } from "@docrelay/protocol";
import type { Conversation, ConversationDeps } from "./conversation.ts";
import { newId } from "./id.ts";
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
  /** Ends the ask at any stage; what was not sent yet is never sent, and `accepted` rejects with an AbortError. */
  cancel(): Promise<void>;
}

/** How long an ask is sent again before its outcome counts as unknown. */
const ASK_MS = 120_000;

type Asked = (seq: number, ask: string, duplicate: boolean) => void;

export function createAnswer(
  conversation: Conversation,
  deps: ConversationDeps,
  message: string,
  options: AskOptions,
  onAsked: Asked,
): Answer {
  const id = options.id ?? newId();
  const { signal, onProgress } = options;
  const queues = new Set<ReturnType<typeof createQueue<Event>>>();
  const events: Event[] = [];
  let failure: unknown;

  /** What went over the wire; undefined until then. */
  let outgoing: Outgoing | undefined;

  const unsubscribe = conversation.subscribe({
    event(event) {
      if (event.ask !== id) return;
      events.push(event);
      for (const queue of queues) queue.push(event);
      if (isTerminal(event)) settle();
    },
    progress: ({ conversation: _, ask, ...progress }) => void (ask === id && onProgress?.(progress)),
    reset() {
      events.length = 0;
      // The log may have come back without this ask. Sending it again is always safe.
      if (outgoing) dispatch(outgoing).catch(settle);
    },
    failed: (error) => settle(error),
    closed: () => settle(new Error("the conversation was closed before the answer ended")),
  });
  function settle(error?: unknown): void {
    failure ??= error;
    unsubscribe();
    signal?.removeEventListener("abort", onAbort);
    for (const queue of queues) queue.end(error);
  }

  const unsent = new AbortController();
  /** Not on the wire yet: it never goes. Else its acknowledgement comes first, since only what is known can be cancelled. */
  async function cancel(reason?: unknown): Promise<void> {
    if (!outgoing) return unsent.abort(reason ?? new DOMException("cancelled", "AbortError"));
    await accepted;
    await conversation.cancel(id);
  }
  const onAbort = (): void => void cancel(signal?.reason).catch(() => undefined); // refused: there is nothing to cancel

  async function send(again = true): Promise<Accepted> {
    const files = await Promise.all((options.files ?? []).map((file, index) => reference(file, index)));
    unsent.signal.throwIfAborted();
    outgoing = { id, conversation: conversation.id, message, files };
    try {
      return await dispatch(outgoing);
    } catch (error) {
      // A file that the server no longer has is sent anew, once.
      const gone = error instanceof RelayError && error.code === "NOT_FOUND";
      const forgotten = gone ? (options.files ?? []).filter((file) => deps.forget(file)) : [];
      if (!again || forgotten.length === 0) throw error;
      outgoing = undefined;
      return send(false);
    }
  }
  async function dispatch(ask: Outgoing): Promise<Accepted> {
    deps.outbox.put(ask);
    const ack = await sendAsk(deps, ask);
    onAsked(ack.seq, id, ack.duplicate);
    return ack;
  }
  async function reference(
    file: NonNullable<AskOptions["files"]>[number],
    index: number,
  ): Promise<Outgoing["files"][number]> {
    const password = file.password ?? options.passwords?.get(index);
    const upload = "upload" in file ? file.upload : await sendFile(file, index);
    return password === undefined ? { upload } : { upload, password };
  }

  async function sendFile(file: FileInput, index: number): Promise<string> {
    const tell = (sent: number, size: number): void => onProgress?.({ stage: "uploading", file: index, sent, size });
    try {
      return await deps.send(file, { signal: unsent.signal, onProgress: tell });
    } catch (error) {
      // An upload knows nothing of the ask; whoever reads the error wants to know which file.
      throw error instanceof RelayError ? new RelayError({ ...error.wire, file: index }, { cause: error }) : error;
    }
  }

  const accepted = send();
  accepted.catch(settle);

  const answer: Answer = {
    id,
    accepted,
    async text() {
      for await (const event of answer) {
        if (event.type === "completed" || event.type === "cancelled") return event.text;
        if (event.type === "failed") throw new RelayError(event.error);
      }
      throw new Error("the answer has no end");
    },
    cancel: () => cancel(),
    [Symbol.asyncIterator]() {
      const queue = createQueue<Event>(() => queues.delete(queue));
      queues.add(queue);
      for (const event of events) queue.push(event);
      const last = events.at(-1);
      if (failure !== undefined || (last && isTerminal(last))) queue.end(failure);
      return queue[Symbol.asyncIterator]();
    },
  };
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });
  return answer;
}

/** Refusals after which it is certain that nothing was stored: they end an ask like any that is not retryable. */
const NOTHING_STORED = new Set(["BUSY", "QUOTA_EXCEEDED", "RATE_LIMITED"]);

/** Sends an ask until it is acknowledged or refused; it leaves the outbox unless the outcome is unknown. */
export async function sendAsk(deps: Pick<ConversationDeps, "link" | "outbox">, ask: Outgoing): Promise<Accepted> {
  const { files, ...rest } = ask;
  try {
    const payload = files.length > 0 ? { ...rest, files } : rest;
    const ack = await deps.link.call<Accepted>("ask", payload, { deadlineMs: ASK_MS });
    deps.outbox.settle(ask.id);
    return ack;
  } catch (error) {
    const certain = error instanceof RelayError && (!error.retryable || NOTHING_STORED.has(error.code));
    if (certain) deps.outbox.settle(ask.id);
    throw error;
  }
}
