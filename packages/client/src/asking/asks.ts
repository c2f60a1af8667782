import { isTerminal, wireError } from "@docrelay/protocol";
import { newId } from "../id.ts";
import type { Link } from "../link/link.ts";
import type { Reading } from "../reading.ts";
import type { TurnStore } from "../turns/turn-store.ts";
import { isOver, type Turn, type TurnFile } from "../turns/turn.ts";
import type { Event } from "../wire/contract.ts";
import { RelayError } from "../wire/relay-error.ts";
import { createAnswer, type Answer, type AnswerDeps, type AskOptions } from "./answer.ts";
import type { AskFile, Draft, UploadDeps } from "./draft.ts";
import type { Accepted } from "./entry.ts";
import { createSendQueue, type SendQueue } from "./send-queue.ts";
import { KEEP_MS, type Outbox, type Outgoing } from "./outbox.ts";

export interface Asks {
  readonly sendQueue: SendQueue;
  ask(message: string, options: AskOptions): Answer;
  answer(ask: string): Answer | undefined;
  retry(ask: string, options: RetryOptions): Answer;
  cancel(ask: string): Promise<void>;
  /** Handles an event of the log. */
  heard(event: Event): void;
}

export type RetryOptions = Pick<AskOptions, "passwords" | "signal" | "onProgress">;

export interface AsksDeps extends UploadDeps {
  readonly conversation: string;
  readonly link: Link;
  readonly outbox: Outbox;
  readonly turns: TurnStore;
  readonly reading: Reading;
  /** Called when no ask of this conversation is on its way to the server any more. */
  onEmpty(): void;
}

/** How many drafts are kept. `retry` needs the files and passwords of a draft. */
const MAX_DRAFTS = 100;

interface State extends AnswerDeps {
  readonly deps: AsksDeps;
  readonly sendQueue: SendQueue;
  readonly drafts: Map<string, Draft>;
  /** The ids of cancelled asks that have not ended. If the server's log loses them, they are not sent again. */
  readonly cancelled: Set<string>;
}

export function createAsks(deps: AsksDeps): Asks {
  const { turns, reading } = deps;
  const cancelled = new Set<string>();
  const cancel = (ask: string, deadlineMs?: number): Promise<void> => {
    cancelled.add(ask);
    return sendCancel(deps, ask, deadlineMs);
  };
  const sendQueue = sendQueueOf(deps, (ask) => cancel(ask, KEEP_MS));
  const subscribe: AnswerDeps["subscribe"] = (listener) => {
    reading.read();
    return reading.add(listener);
  };
  const stop: AnswerDeps["stop"] = (ask, reason) => sendQueue.stop(ask, reason);
  const state: State = {
    deps,
    turns,
    sendQueue,
    drafts: new Map(),
    cancelled,
    subscribe,
    stop,
    cancel: (ask) => cancel(ask),
  };

  return {
    sendQueue,
    ask: (message, options) => send(state, draftOf(message, options, deps.outbox.now()), options),
    answer: (ask) => answer(state, ask),
    retry: (ask, options) => retry(state, ask, options),
    async cancel(ask) {
      if (!sendQueue.stop(ask, new DOMException("cancelled", "AbortError"))) await cancel(ask);
    },
    heard: (event) => heard(state, event),
  };
}

async function sendCancel({ link, conversation }: AsksDeps, ask: string, deadlineMs?: number): Promise<void> {
  await link.call("cancel", { conversation, ask }, deadlineMs === undefined ? {} : { deadlineMs });
}

function sendQueueOf(
  { conversation, outbox, upload, forget, link, reading, turns, onEmpty }: AsksDeps,
  cancel: (ask: string) => Promise<void>,
): SendQueue {
  return createSendQueue({
    conversation,
    outbox,
    upload,
    forget,
    async send(ask, hooks) {
      const { seq, duplicate } = await link.call("ask", () => payloadOf(ask, link.welcome?.features), hooks);
      reading.input({ type: "asked", ask: ask.id, seq, duplicate });
      return { seq, duplicate };
    },
    cancel,
    isClosed: () => link.state === "closed",
    isOnline: () => link.state === "online",
    change: (by) => turns.change(by),
    before: (ask) => turns.before(ask),
    onEmpty,
  });
}

function draftOf(message: string, options: AskOptions, at: number): Draft {
  const { id = newId(), files = [], passwords, replaces, traceparent, onProgress } = options;
  return {
    id,
    // The application may have cut the text in the middle of a surrogate pair. Half a pair cannot be sent as UTF-8, so
    // it is replaced.
    message: message.toWellFormed(),
    files,
    passwords,
    replaces,
    traceparent,
    at,
    ...(onProgress && { onProgress }),
  };
}

function send(state: State, draft: Draft, { signal, onProgress }: Pick<AskOptions, "signal" | "onProgress">): Answer {
  const { deps, sendQueue, drafts, cancelled } = state;
  deps.reading.read();
  cancelled.delete(draft.id);
  drafts.delete(draft.id);
  drafts.set(draft.id, draft);
  if (drafts.size > MAX_DRAFTS) drafts.delete(drafts.keys().next().value ?? "");
  const accepted = signal?.aborted ? Promise.reject<Accepted>(signal.reason) : sendQueue.add(draft);
  return createAnswer(state, {
    id: draft.id,
    accepted,
    async again() {
      const again = sendQueue.add(draft);
      if (cancelled.delete(draft.id)) sendQueue.stop(draft.id, new DOMException("cancelled", "AbortError"));
      return again;
    },
    signal,
    ...(onProgress && { onProgress }),
  });
}

function answer(state: State, ask: string): Answer | undefined {
  const { turns, sendQueue } = state;
  const turn = turns.turn(ask);
  if (!turn) return undefined;
  return createAnswer(state, { id: ask, accepted: sendQueue.accepted(ask) ?? outcomeOf(turn, turns.seqOf(ask)) });
}

function retry(state: State, ask: string, options: RetryOptions): Answer {
  const { deps, turns, drafts } = state;
  const turn = turns.turn(ask);
  if (!turn) throw new Error(`there is no ask ${ask} to ask again`);
  if (!isOver(turn)) return answer(state, ask) as Answer;
  const draft = drafts.get(ask);
  const isNew = turns.seqOf(ask) !== undefined || turn.state === "cancelled";
  const files = draft?.files ?? turn.files.map(namedAgain);
  const passwords = options.passwords ?? draft?.passwords;
  // If this turn was to replace another one, the retry keeps the question's place: it replaces this turn if the log has
  // it, otherwise the turn that this one was to replace. If this turn was to replace none, the retry becomes the last
  // turn.
  const isVersion = turn.replaces !== undefined && turns.seqOf(ask) !== undefined;
  const replaces = isVersion ? ask : turn.replaces;
  const id = isNew ? newId() : ask;
  const made = { id, message: turn.question, files, passwords, replaces, at: deps.outbox.now() };
  return send(state, { ...made, ...(options.onProgress && { onProgress: options.onProgress }) }, options);
}

function heard(state: State, event: Event): void {
  const { deps, turns, cancelled, cancel } = state;
  const { outbox } = deps;
  // The server has accepted an ask that was stopped, so the ask is cancelled. If this call fails, it is repeated when
  // the log is read next.
  if (event.type === "accepted" && outbox.isStopped(event.ask)) cancel(event.ask).catch(() => undefined);
  // The ask's terminal event is in the log: nothing is left to send or to cancel.
  if (isTerminal(event)) {
    outbox.settle(event.ask);
    cancelled.delete(event.ask);
  }
  turns.change({ type: "event", event });
  if (event.type === "completed") releaseFiles(state, event.ask);
}

/**
 * Replaces an ask's files by the ids of their uploads, so that their bytes need not be kept: a retry names the uploads.
 */
function releaseFiles({ drafts, turns }: State, ask: string): void {
  const draft = drafts.get(ask);
  const files = turns.turn(ask)?.files ?? [];
  if (!draft || files.length < draft.files.length || files.some(({ upload }) => upload === undefined)) return;
  drafts.set(ask, { ...draft, files: files.map(namedAgain) });
}

function payloadOf(
  { id, conversation, message, files, replaces, traceparent }: Outgoing,
  features: readonly string[] = [],
): object {
  const named = files.map(({ upload, password }) => ({ upload, ...(password !== undefined && { password }) }));
  return {
    id,
    conversation,
    message,
    ...(named.length > 0 && { files: named }),
    ...(replaces !== undefined && { replaces }),
    // The field `traceparent` is sent only to servers that know it, because older servers refuse unknown fields.
    ...(traceparent !== undefined && features.includes("ask.traceparent") && { traceparent }),
  };
}

/**
 * Returns the acknowledgement of an ask that is not being sent. Resolves if the log has the ask; rejects if the ask was
 * refused or stopped.
 */
async function outcomeOf(turn: Turn, seq: number | undefined): Promise<Accepted> {
  if (seq !== undefined) return { seq, duplicate: true };
  throw turn.error ?? new DOMException("stopped", "AbortError");
}

function namedAgain({ upload, name, size }: TurnFile, index: number): AskFile {
  if (upload === undefined) throw new RelayError(wireError("NOT_FOUND", { file: index }));
  return { upload, name, size };
}
