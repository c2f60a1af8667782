import { isTerminal, wireError, type LogEntry } from "@docrelay/protocol";
import type { Event, Progress } from "./wire/contract.ts";
import { createAnswer, type Answer, type AnswerDeps, type AskOptions } from "./asking/answer.ts";
import type { AskFile, Draft, UploadDeps } from "./asking/draft.ts";
import { createLine, type Accepted } from "./asking/line.ts";
import { KEEP_MS, type Outbox, type Outgoing } from "./asking/outbox.ts";
import { createQueue } from "./asking/queue.ts";
import { createFan } from "./fan.ts";
import { createFollower, type Follower, type Listener } from "./follower.ts";
import { newId } from "./id.ts";
import type { Link } from "./link/link.ts";
import { createReadiness } from "./readiness.ts";
import { createTurnStore } from "./turns/turn-store.ts";
import { isOver, type Turn, type TurnFile } from "./turns/turn.ts";
import { RelayError } from "./wire/relay-error.ts";

/** One user's asks in order, and their answers, as the server's log has them. */
export interface Conversation {
  readonly id: string;
  /** Calls the listener with each event once and in order, beginning with the oldest event kept; returns how to stop. */
  subscribe(listener: Listener): () => void;
  /** The same as an iterable. It ends when the conversation is closed, and throws at a reset or a failure. */
  events(): AsyncIterable<Event>;
  /**
   * Sends a question, after those that were asked before it. The answer is an iterable of the ask's events; `text()` waits
   * for the whole reply. A closed conversation is opened again.
   */
  ask(message: string, options?: AskOptions): Answer;
  /** The answer of any ask in `turns`, from any client of the user. Sends nothing. */
  answer(ask: string): Answer | undefined;
  /**
   * Asks the question of a turn that is over once more, with the same files: with the same id when the server refused or
   * never had it, else as a new ask. The answer of a turn that is not over is its own.
   * @throws Error when there is no such turn; RelayError `NOT_FOUND` with the index of a file that has to be given again
   */
  retry(ask: string, options?: Pick<AskOptions, "passwords" | "signal" | "onProgress">): Answer;
  /**
   * The asks with their answers, in order: those of the log, and those of this client that are on their way to it. Of a
   * question that was edited or asked again (`AskOptions.replaces`) only the newest, with the others as `versions`. The same
   * array until something changes, and the same object for a turn that did not; empty until something reads the log.
   */
  readonly turns: readonly Turn[];
  /** Calls the listener after each change of `turns`, and reads the log; returns how to stop. */
  onTurns(listener: () => void): () => void;
  /** Resolves when the log was read to its head once: only then is an empty conversation known to be empty. @throws RelayError */
  readonly ready: Promise<void>;
  /** Ends an ask at any stage; its turn says how it ended. Safe to repeat. @throws RelayError */
  cancel(ask: string): Promise<void>;
  /**
   * Says what the user thinks of an answer that has ended, for those who run the server; `none` takes it back. Turns have it as
   * `feedback` on every device. `word`: at most 500 characters. @throws RelayError `NOT_FOUND`, `ASK_CONFLICT`, `RATE_LIMITED`
   */
  feedback(ask: string, verdict: "up" | "down" | "none", word?: string): Promise<void>;
  /** Stops listening on this connection; the asks go on, also those on their way. Answers that have not ended throw. */
  close(): void;
}

export interface ConversationDeps extends UploadDeps {
  readonly link: Link;
  readonly outbox: Outbox;
  /** The closed conversation is read again. @throws Error when another object was made for its id meanwhile */
  register(): void;
  /** The conversation is closed, and none of its asks is on its way. */
  unregister(): void;
}

export interface LiveConversation extends Conversation {
  hearEvent(entry: LogEntry): void;
  hearProgress(progress: Progress): void;
  resync(): void;
  /** The user is another one, or only known now: takes what the outbox has of it. */
  restore(): void;
  connectionChanged(): void;
}

/** Drafts that are kept for `retry`, which needs files and passwords. */
const MAX_DRAFTS = 100;

export function createConversation(id: string, deps: ConversationDeps): LiveConversation {
  const { link, outbox } = deps;
  const turns = createTurnStore();
  const drafts = new Map<string, Draft>();
  let readiness = createReadiness();
  let follower: Follower | undefined;
  let isClosed = false;

  /** Cancelled ones that have not ended: should the log lose them, they are not asked again. */
  const cancelled = new Set<string>();

  const cancelAsk = async (ask: string, deadlineMs?: number): Promise<void> => {
    cancelled.add(ask);
    await link.call("cancel", { conversation: id, ask }, deadlineMs === undefined ? {} : { deadlineMs });
  };
  const line = createLine({
    conversation: id,
    outbox,
    upload: deps.upload,
    forget: deps.forget,
    async send(ask, hooks) {
      const { seq, duplicate } = await link.call("ask", () => payloadOf(ask, link.welcome?.features), hooks);
      follower?.input({ type: "asked", ask: ask.id, seq, duplicate });
      return { seq, duplicate };
    },
    cancel: (ask) => cancelAsk(ask, KEEP_MS),
    isClosed: () => link.state === "closed",
    isOnline: () => link.state === "online",
    change: (by) => turns.change(by),
    before: (ask) => turns.before(ask),
    onEmpty: () => leave(),
  });
  const fan = createFan({
    event(event) {
      // A stopped ask that the server turned out to have. A cancel that gets lost is made again at the next reading of the log.
      if (event.type === "accepted" && outbox.isStopped(event.ask)) cancelAsk(event.ask).catch(() => undefined);
      // Its end is in the log: nothing is left to send or to cancel.
      if (isTerminal(event)) {
        outbox.settle(event.ask);
        cancelled.delete(event.ask);
      }
      turns.change({ type: "event", event });
      if (event.type === "completed") releaseFiles(event.ask);
    },
    progress: ({ conversation: _, ask, ...progress }) => turns.change({ type: "progress", ask, progress }),
    ready: () => readiness.reached(),
    reset: () => turns.change({ type: "reset" }),
    failed: (error) => readiness.failed(error),
  });

  function read(): void {
    if (follower) return;
    if (isClosed) deps.register();
    isClosed = false;
    follower = createFollower(link, id, fan.all, turns.together);
  }
  /** A question that was answered is asked again with the files that the server has: their bytes need not be kept. */
  function releaseFiles(ask: string): void {
    const draft = drafts.get(ask);
    const files = turns.turn(ask)?.files ?? [];
    if (!draft || files.length < draft.files.length || files.some(({ upload }) => upload === undefined)) return;
    drafts.set(ask, { ...draft, files: files.map(namedAgain) });
  }
  function leave(): void {
    if (isClosed && line.isEmpty) deps.unregister();
  }
  const answering: AnswerDeps = {
    turns,
    subscribe: (listener) => conversation.subscribe(listener),
    stop: (ask, reason) => line.stop(ask, reason),
    cancel: (ask) => cancelAsk(ask),
  };
  function send(draft: Draft, { signal, onProgress }: Pick<AskOptions, "signal" | "onProgress">): Answer {
    read();
    cancelled.delete(draft.id);
    drafts.delete(draft.id);
    drafts.set(draft.id, draft);
    if (drafts.size > MAX_DRAFTS) drafts.delete(drafts.keys().next().value ?? "");
    const accepted = signal?.aborted ? Promise.reject<Accepted>(signal.reason) : line.add(draft);
    return createAnswer(answering, {
      id: draft.id,
      accepted,
      async again() {
        const again = line.add(draft);
        if (cancelled.delete(draft.id)) line.stop(draft.id, new DOMException("cancelled", "AbortError"));
        return again;
      },
      signal,
      ...(onProgress && { onProgress }),
    });
  }

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
      const { id: ask = newId(), files = [], passwords, replaces, traceparent, onProgress } = options;
      // What a page cuts in the middle of a character is not text that JSON in UTF-8 can carry.
      const draft = {
        id: ask,
        message: message.toWellFormed(),
        files,
        passwords,
        replaces,
        traceparent,
        at: outbox.now(),
      };
      return send({ ...draft, ...(onProgress && { onProgress }) }, options);
    },
    answer(ask) {
      const turn = turns.turn(ask);
      if (!turn) return undefined;
      return createAnswer(answering, { id: ask, accepted: line.accepted(ask) ?? outcomeOf(turn, turns.seqOf(ask)) });
    },
    retry(ask, options = {}) {
      const turn = turns.turn(ask);
      if (!turn) throw new Error(`there is no ask ${ask} to ask again`);
      if (!isOver(turn)) return conversation.answer(ask) as Answer;
      const draft = drafts.get(ask);
      const isNew = turns.seqOf(ask) !== undefined || turn.state === "cancelled";
      const files = draft?.files ?? turn.files.map(namedAgain);
      const passwords = options.passwords ?? draft?.passwords;
      // The new ask stands at the place of a version; of any other turn, behind all others.
      const isVersion = turn.replaces !== undefined && turns.seqOf(ask) !== undefined;
      const replaces = isVersion ? ask : turn.replaces;
      const made = { id: isNew ? newId() : ask, message: turn.question, files, passwords, replaces, at: outbox.now() };
      return send({ ...made, ...(options.onProgress && { onProgress: options.onProgress }) }, options);
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
      if (!line.stop(ask, new DOMException("cancelled", "AbortError"))) await cancelAsk(ask);
    },
    async feedback(ask, verdict, word) {
      await link.call("feedback", { conversation: id, ask, verdict, ...(word !== undefined && { word }) });
    },
    close() {
      follower?.stop();
      follower = undefined;
      isClosed = true;
      fan.all.closed();
      fan.clear();
      turns.clearListeners();
      turns.change({ type: "reset" });
      readiness.failed(new Error("the conversation was closed before its log was read"));
      readiness = createReadiness();
      // Not repeated when it gets lost: the end of the connection closes the conversation, too.
      if (link.state === "online") link.once("conversation:close", { conversation: id }).catch(() => undefined);
      leave();
    },
    hearEvent: (event) => follower?.input({ type: "event", event }),
    hearProgress: (progress) => fan.all.progress(progress),
    resync: () => follower?.input({ type: "resync" }),
    restore: () => line.restore(),
    connectionChanged: () => line.connectionChanged(),
  };
  line.restore();
  return conversation;
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
    // Servers of before refuse what they do not know.
    ...(traceparent !== undefined && features.includes("ask.traceparent") && { traceparent }),
  };
}

/** The acknowledgement of an ask that is not on its way: of the log, refused or stopped. */
async function outcomeOf(turn: Turn, seq: number | undefined): Promise<Accepted> {
  if (seq !== undefined) return { seq, duplicate: true };
  throw turn.error ?? new DOMException("stopped", "AbortError");
}

function namedAgain({ upload, name, size }: TurnFile, index: number): AskFile {
  if (upload === undefined) throw new RelayError(wireError("NOT_FOUND", { file: index }));
  return { upload, name, size };
}
