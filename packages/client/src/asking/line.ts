import { wireError } from "@docrelay/protocol";
import { tellAll } from "../tell-all.ts";
import type { AskProgress } from "../turns/turn.ts";
import type { Change } from "../turns/turns-state.ts";
import { pause } from "../link/pause.ts";
import { RelayError } from "../wire/relay-error.ts";
import { isSameAsk, outgoingOf, uploadFiles, type Draft, type UploadDeps } from "./draft.ts";
import { KEEP_MS, type Outbox, type Outgoing } from "./outbox.ts";

/** The server's answer to an ask: the ask is durable, and `seq` is that of its `accepted` event. */
export interface Accepted {
  readonly seq: number;
  /** An ask with this id was stored before; nothing new was stored. */
  readonly duplicate: boolean;
}

/** What a line has its asks sent with. */
export interface LineDeps extends UploadDeps {
  readonly conversation: string;
  readonly outbox: Outbox;
  /** Sends an ask until the server has accepted or refused it. @throws RelayError, or what a hook throws */
  send(ask: Outgoing, hooks: { deadlineMs: number } & SendHooks): Promise<Accepted>;
  /** Ends an ask that the server may have. */
  cancel(ask: string): Promise<void>;
  /** Whether the connection is closed for good: then asks stay in the outbox for the next page. */
  isClosed(): boolean;
  /** Whether there is a connection now. */
  isOnline(): boolean;
  /** What the turns show of the asks. */
  change(by: Change): void;
  /** The turn that an ask stands behind. */
  before(ask: string): string | undefined;
  /** No ask is on its way any more. */
  onEmpty(): void;
}

export interface SendHooks {
  /** Called before each try; what it throws ends the sending. */
  beforeTry(): void;
  /** A try failed, and another follows. */
  onRetry(error: unknown): void;
}

/**
 * One conversation's asks on their way to the server, sent one after another in the order in which they were made: the
 * next when the one before was accepted, refused or stopped. Files of the first few are uploaded meanwhile.
 */
export interface Line {
  readonly isEmpty: boolean;
  /** Adds an ask. The promise rejects with the refusal, or with the reason of `stop`. */
  add(draft: Draft): Promise<Accepted>;
  /** Adds the asks that a former page left in the outbox, before all others; keeps those made before the user was known. */
  restore(): void;
  /** The connection came or went: nothing is uploaded without one. */
  connectionChanged(): void;
  /** The acknowledgement that an ask waits for; undefined when it is not on its way. */
  accepted(id: string): Promise<Accepted> | undefined;
  /** Stops an ask at once; should the server turn out to have it, it is cancelled. False when it is not on its way. */
  stop(id: string, reason: unknown): boolean;
}

/** Uploads run ahead for this many asks, so that a long line does not split the connection among all its files. */
const UPLOADS_AHEAD = 3;
/** How long an ask is sent again that is refused because a budget is used up: that may last for days. */
const QUOTA_MS = 120_000;
/** Between two tries to upload: each waits for the connection itself. */
const AWAY_MS = 200;

interface Entry {
  readonly draft: Draft;
  ask: Outgoing;
  uploaded?: Promise<void>;
  /** How far its files are, while they are uploaded. */
  uploading?: AskProgress | undefined;
  /** Whether the server may have it. */
  wasSent: boolean;
  readonly over: AbortController;
  readonly accepted: Promise<Accepted>;
  /** Ends the entry: takes it out of the line and settles `accepted`. Only the first call counts. */
  end(how: { accepted: Accepted } | { error: unknown }): void;
}

export function createLine(deps: LineDeps): Line {
  const { outbox, conversation, change } = deps;
  const entries: Entry[] = [];
  let isRunning = false;

  function enter(draft: Draft, ask: Outgoing, wasSent: boolean): Entry {
    const over = new AbortController();
    let settle: { resolve(accepted: Accepted): void; reject(error: unknown): void };
    const accepted = new Promise<Accepted>((resolve, reject) => (settle = { resolve, reject }));
    accepted.catch(() => undefined); // Its turn shows the error, too.
    const entry: Entry = {
      draft,
      ask,
      wasSent,
      over,
      accepted,
      end(how) {
        if (over.signal.aborted) return;
        entries.splice(entries.indexOf(entry), 1);
        over.abort();
        if ("accepted" in how) settle.resolve(how.accepted);
        else settle.reject(how.error);
      },
    };
    // An ask that the log has lost is older than those that were not sent yet.
    const younger = entries.findIndex((other) => other.ask.at > ask.at);
    entries.splice(younger < 0 ? entries.length : younger, 0, entry);
    const files = ask.files.map(({ name, size, upload }) => ({ name, size, ...(upload !== undefined && { upload }) }));
    const { id, message: question, replaces, at } = ask;
    change({ type: "sending", id, question, files, replaces, at });
    tell(entry, { stage: "waiting" });
    return entry;
  }
  function tell(entry: Entry, progress: AskProgress): void {
    if (entry.over.signal.aborted) return;
    change({ type: "progress", ask: entry.ask.id, progress });
    tellAll([entry.draft], (draft) => draft.onProgress?.(progress));
  }

  function tellUpload(entry: Entry): void {
    if (entry.uploading) tell(entry, deps.isOnline() ? entry.uploading : { stage: "waiting" });
  }

  async function run(): Promise<void> {
    uploadAhead();
    if (isRunning || entries.length === 0) return;
    isRunning = true;
    for (let head = entries[0]; head; head = entries[0]) {
      void deliver(head);
      await head.accepted.catch(() => undefined);
      uploadAhead();
    }
    isRunning = false;
    deps.onEmpty();
  }
  function uploadAhead(): void {
    // `deliver` awaits the same promise later, and handles its error.
    for (const entry of entries.slice(0, UPLOADS_AHEAD)) upload(entry).catch(() => undefined);
  }
  function upload(entry: Entry): Promise<void> {
    return (entry.uploaded ??= uploadNow(entry));
  }
  async function uploadNow(entry: Entry): Promise<void> {
    const file = entry.draft.files.findIndex((one) => !("upload" in one));
    if (file >= 0) {
      const onProgress = (progress: AskProgress): void => {
        entry.uploading = progress;
        tellUpload(entry);
      };
      onProgress({ stage: "uploading", file, sent: 0, size: entry.ask.files[file]?.size ?? 0 });
      const files = await uploadAll(entry, onProgress);
      entry.uploading = undefined;
      entry.ask = { ...entry.ask, files };
      entry.over.signal.throwIfAborted();
      tell(entry, { stage: "waiting" });
    }
    keep(entry);
  }

  /** An upload gives up after two minutes without the server; its ask does not, for as long as it may be sent. */
  async function uploadAll(entry: Entry, onProgress: (progress: AskProgress) => void): Promise<Outgoing["files"]> {
    const { signal } = entry.over;
    for (;;) {
      try {
        return (await uploadFiles(deps, entry.draft, entry.ask, { signal, onProgress })).files;
      } catch (error) {
        const isAway = error instanceof RelayError && error.code === "UNREACHABLE" && !deps.isClosed();
        if (!isAway || signal.aborted || leftMs(entry.ask.at) === 0) throw error;
        await pause(AWAY_MS, signal);
      }
    }
  }

  /** An ask with files that are not uploaded could not be sent by the next page. */
  function keep(entry: Entry): void {
    const isOurs = belongs(entry);
    const { ask } = entry;
    if (isOurs && ask.files.every(({ upload }) => upload !== undefined) && !outbox.isStopped(ask.id)) outbox.put(ask);
  }
  /** Gives the user to an ask that was made before the first token. False when it is another user's than the present. */
  function belongs(entry: Entry): boolean {
    const user = outbox.user || undefined;
    if (entry.ask.user === undefined && user !== undefined) entry.ask = { ...entry.ask, user };
    return entry.ask.user === user;
  }

  async function deliver(entry: Entry): Promise<void> {
    try {
      const accepted = await uploadAndSend(entry);
      // It was stopped while it was sent, here or in another tab.
      if (entry.over.signal.aborted || outbox.isStopped(entry.ask.id)) cancelLate(entry);
      else outbox.settle(entry.ask.id);
      entry.end({ accepted });
    } catch (error) {
      if (!entry.over.signal.aborted) refused(entry, error);
    }
  }
  /** Uploads that the server does not have any more are uploaded again, once. */
  async function uploadAndSend(entry: Entry): Promise<Accepted> {
    try {
      await upload(entry);
      return await send(entry);
    } catch (error) {
      const gone = error instanceof RelayError && error.code === "NOT_FOUND" && !entry.over.signal.aborted;
      if (!gone || entry.draft.files.filter((file) => deps.forget(file)).length === 0) throw error;
      delete entry.uploaded;
      await upload(entry);
      return send(entry);
    }
  }
  function send(entry: Entry): Promise<Accepted> {
    const { id, at } = entry.ask;
    const began = Date.now();
    return deps.send(entry.ask, {
      deadlineMs: leftMs(at),
      beforeTry() {
        // Another tab may have stopped it meanwhile.
        if (outbox.isStopped(id)) stop(id, new DOMException("stopped", "AbortError"));
        entry.over.signal.throwIfAborted();
        if (!belongs(entry)) throw new RelayError(wireError("AUTH_INVALID"));
        entry.wasSent = true;
        tell(entry, { stage: "sending" });
      },
      onRetry(error) {
        const isQuota = error instanceof RelayError && error.code === "QUOTA_EXCEEDED";
        const waitMs = isQuota ? Math.max(Date.now() - began, error.wire.retryAfterMs ?? 0) : 0;
        if (waitMs > QUOTA_MS) throw error;
        tell(entry, { stage: "waiting" });
      },
    });
  }
  function refused(entry: Entry, error: unknown): void {
    const { id, at } = entry.ask;
    const isLate = error instanceof RelayError && error.retryable && leftMs(at) === 0;
    const why = isLate ? new RelayError(wireError("ASK_EXPIRED"), { cause: error }) : error;
    // Another user's ask stays in the outbox for that user.
    if (!deps.isClosed() && belongs(entry)) outbox.settle(id);
    change({ type: "refused", id, error: why instanceof RelayError ? why : bug(why) });
    entry.end({ error: why });
  }
  function stop(id: string, reason: unknown): boolean {
    const entry = entries.find(({ ask }) => ask.id === id);
    if (!entry) return false;
    const after = deps.before(id);
    belongs(entry);
    outbox.put({ ...entry.ask, stopped: true, ...(after !== undefined && { after }) });
    change({ type: "stopped", id });
    entry.end({ error: reason });
    if (entry.wasSent) cancelLate(entry);
    return true;
  }
  /** Cancels a stopped ask that the server may have. If the server does not have it, NOT_FOUND is fine: nothing is left to end. */
  function cancelLate({ ask }: Pick<Entry, "ask">): void {
    deps.cancel(ask.id).catch(() => undefined);
  }

  return {
    get isEmpty() {
      return entries.length === 0;
    },
    add(draft) {
      const known = entries.find(({ ask }) => ask.id === draft.id);
      if (known && isSameAsk(known.draft, draft)) return known.accepted;
      if (known) return Promise.reject(new RelayError(wireError("ASK_CONFLICT")));
      outbox.settle(draft.id); // It may have been stopped before, and is asked again.
      const entry = enter(draft, outgoingOf(draft, conversation), false);
      keep(entry);
      void run();
      return entry.accepted;
    },
    restore() {
      for (const entry of entries) keep(entry);
      for (const ask of outbox.kept()) {
        if (ask.conversation !== conversation || entries.some((entry) => entry.ask.id === ask.id)) continue;
        const { id, message, at, replaces, after, stopped } = ask;
        const files = ask.files.flatMap(({ upload, name, size }) =>
          upload === undefined ? [] : [{ upload, name, size }],
        );
        const entry = enter({ id, message, files, replaces, at }, ask, true);
        if (!stopped) continue;
        change({ type: "stopped", id, after });
        entry.end({ error: new DOMException("stopped", "AbortError") });
        cancelLate(entry);
      }
      void run();
    },
    connectionChanged: () => entries.forEach(tellUpload),
    accepted: (id) => entries.find(({ ask }) => ask.id === id)?.accepted,
    stop,
  };
}

/** Milliseconds until an ask made at `at` is not sent again. A time in the future is of a clock that was wrong. */
function leftMs(at: number): number {
  return Math.min(KEEP_MS, Math.max(0, at + KEEP_MS - Date.now()));
}

function bug(cause: unknown): RelayError {
  return new RelayError(wireError("INTERNAL"), { cause });
}
