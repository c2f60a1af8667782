import type { AskProgress } from "../turns/turn.ts";
import type { Change } from "../turns/turns-state.ts";
import { tellAll } from "../tell-all.ts";
import type { Draft, UploadDeps } from "./draft.ts";
import type { Outbox, Outgoing } from "./outbox.ts";

/** The acknowledgement of an ask: the server has stored it. `seq`: the seq of its `accepted` event. */
export interface Accepted {
  readonly seq: number;
  /** Whether an ask with this id was stored before, so that nothing new was stored. */
  readonly duplicate: boolean;
}

/** The functions with which a send queue sends its asks. */
export interface SendQueueDeps extends UploadDeps {
  readonly conversation: string;
  readonly outbox: Outbox;
  /**
   * Sends an ask, repeatedly until the server has accepted or refused it. @throws RelayError, or what one of `hooks`
   * throws
   */
  send(ask: Outgoing, hooks: { deadlineMs: number } & SendHooks): Promise<Accepted>;
  /** Cancels an ask on the server, which may have it although it was not acknowledged. */
  cancel(ask: string): Promise<void>;
  /** Whether the connection is closed for good. If so, asks stay in the outbox, and the next web page sends them. */
  isClosed(): boolean;
  isOnline(): boolean;
  /** Applies a change to the turns that a web page shows. */
  change(by: Change): void;
  /** Returns the id of the turn before an ask; undefined if the ask is the first. */
  before(ask: string): string | undefined;
  /** Called when no ask of this conversation is on its way to the server any more. */
  onEmpty(): void;
}

export interface SendHooks {
  /** Called before each try to send the ask; an error that it throws ends the sending. */
  beforeTry(): void;
  /** Called after a failed try to send the ask if another try follows. */
  onRetry(error: unknown): void;
}

/** One of the asks of a conversation that are on their way to the server (see send-queue.ts). */
export interface Entry {
  readonly draft: Draft;
  ask: Outgoing;
  uploaded?: Promise<void>;
  /** The upload progress of the ask's files; set while they are uploaded. */
  uploading?: AskProgress | undefined;
  /** Whether the ask was sent at least once, so that the server may have it. */
  wasSent: boolean;
  readonly over: AbortController;
  readonly accepted: Promise<Accepted>;
  /** Ends the entry: removes it from its send queue and settles `accepted`. Only the first call has an effect. */
  end(how: { accepted: Accepted } | { error: unknown }): void;
}

/** @param leave removes the entry from its send queue */
export function createEntry(
  { draft, ask, wasSent }: Pick<Entry, "draft" | "ask" | "wasSent">,
  leave: (entry: Entry) => void,
): Entry {
  const over = new AbortController();
  let settle: { resolve(accepted: Accepted): void; reject(error: unknown): void };
  const accepted = new Promise<Accepted>((resolve, reject) => (settle = { resolve, reject }));
  accepted.catch(() => undefined); // without this, Node would report an unhandled rejection; the turn of the ask shows the error, too
  const entry: Entry = {
    draft,
    ask,
    wasSent,
    over,
    accepted,
    end(how) {
      if (over.signal.aborted) return;
      leave(entry);
      over.abort();
      if ("accepted" in how) settle.resolve(how.accepted);
      else settle.reject(how.error);
    },
  };
  return entry;
}

/** Reports the progress of an ask to the turns and to the ask's own listener. */
export function tell({ change }: SendQueueDeps, entry: Entry, progress: AskProgress): void {
  if (entry.over.signal.aborted) return;
  change({ type: "progress", ask: entry.ask.id, progress });
  tellAll([entry.draft], (draft) => draft.onProgress?.(progress));
}

/**
 * Keeps an ask in the outbox, unless some of its files are not uploaded: the next web page could not send those files.
 */
export function keep({ outbox }: SendQueueDeps, entry: Entry): void {
  const isOurs = belongs(outbox, entry);
  const { ask } = entry;
  if (isOurs && ask.files.every(({ upload }) => upload !== undefined) && !outbox.isStopped(ask.id)) outbox.put(ask);
}

/**
 * Assigns the ask to the current user if it has no user yet, because it was made before the first token. Returns false
 * when the ask belongs to another user.
 */
export function belongs(outbox: Outbox, entry: Entry): boolean {
  const user = outbox.user || undefined;
  if (entry.ask.user === undefined && user !== undefined) entry.ask = { ...entry.ask, user };
  return entry.ask.user === user;
}

/** Stops an unfinished ask at once: no other tab and no later web page sends it. */
export function stopEntry(deps: SendQueueDeps, entry: Entry, reason: unknown): void {
  if (entry.over.signal.aborted) return;
  const { id } = entry.ask;
  const after = deps.before(id);
  belongs(deps.outbox, entry);
  deps.outbox.put({ ...entry.ask, stopped: true, ...(after !== undefined && { after }) });
  deps.change({ type: "stopped", id });
  entry.end({ error: reason });
  if (entry.wasSent) cancelLate(deps, entry);
}

/**
 * Cancels a stopped ask on the server, which may have it. An error is ignored: NOT_FOUND means that the server does not
 * have the ask.
 */
export function cancelLate(deps: SendQueueDeps, { ask }: Entry): void {
  deps.cancel(ask.id).catch(() => undefined);
}
