import { hintsOfText, hintsOfUpload, publishHint, type Hint, type Listening } from "@docrelay/channel";
import { Refusal, refuse, wireError, type UploadStatus, type WireError } from "@docrelay/protocol";
import { randomUUID } from "node:crypto";
import type { ExtractionDeps } from "./extraction.ts";
import { readUploadStatus, type ReadStatus } from "./upload-status.ts";

/** A connection that hears of the uploads it has named. */
export interface UploadListener {
  readonly user: string;
  uploadHint(status: UploadStatus): void;
}

/** Tells connections how far the uploads are that they have named. Hints may be lost; `status` reads the truth. */
export interface UploadWatch {
  /** From now on the connection hears of this upload. Reads nothing, waits for nothing. */
  name(listener: UploadListener, upload: string): void;
  /** Stores a chunk with `work`; if that completes or refuses the upload, all connections that named it get a hint. */
  storing<T extends { done: boolean }>(listener: UploadListener, upload: string, work: () => Promise<T>): Promise<T>;
  /** How far it is; every later stage is hinted. @throws Refusal `NOT_FOUND` */
  status(listener: UploadListener, upload: string): Promise<UploadStatus>;
  /** From now on the connection hears of this upload, which may have ended or be gone. Waits for nothing. */
  follow(listener: UploadListener, upload: string): void;
  /** The connection has ended. */
  leave(listener: UploadListener): void;
}

export interface UploadWatchDeps extends ExtractionDeps {
  readonly hints: Listening<Hint>;
  onTrouble(error: unknown): void;
}

/** One upload that connections of this edge have named and that is not ready or failed, as far as they know. */
interface Watched {
  readonly user: string;
  readonly upload: string;
  readonly listeners: Set<UploadListener>;
  /** The channel that is listened to: the upload's own, then that of its text. */
  channel?: string;
  /** Present while Redis has not confirmed the subscription of `channel`. */
  subscribing?: Promise<void>;
  stop?: () => void;
  /** The last stage that was hinted; pages are hinted besides. */
  stage?: UploadStatus["stage"];
  /** Looks at one upload run one after the other. */
  looking: Promise<ReadStatus>;
}

/** Uploads watched for one connection; the oldest is dropped. */
const MAX_NAMED = 64;

export function createUploadWatch(deps: UploadWatchDeps): UploadWatch {
  const all = new Map<string, Watched>();
  const named = new Map<UploadListener, Set<Watched>>();
  const me = randomUUID();

  function watch(listener: UploadListener, upload: string): Watched {
    const { user } = listener;
    const key = hintsOfUpload(user, upload);
    const watched = all.get(key) ?? { user, upload, listeners: new Set(), looking: Promise.resolve(undefined) };
    all.set(key, watched);
    watched.listeners.add(listener);
    const mine = named.get(listener) ?? new Set();
    named.set(listener, mine.add(watched));
    const [oldest] = mine;
    if (mine.size > MAX_NAMED && oldest) forget(listener, oldest);
    return watched;
  }
  function forget(listener: UploadListener, watched: Watched): void {
    const mine = named.get(listener);
    mine?.delete(watched);
    if (mine?.size === 0) named.delete(listener);
    watched.listeners.delete(listener);
    if (watched.listeners.size === 0) end(watched);
  }
  function end(watched: Watched): void {
    all.delete(hintsOfUpload(watched.user, watched.upload));
    watched.stop?.();
    for (const listener of [...watched.listeners]) forget(listener, watched);
  }

  /** Listens to one channel in place of the one before; true unless it has been listened to all the time. */
  async function listen(watched: Watched, channel: string): Promise<boolean> {
    if (hears(watched, channel)) return false;
    if (watched.channel !== channel) {
      watched.stop?.();
      watched.channel = channel;
      watched.subscribing = subscribe(watched, channel).finally(() => delete watched.subscribing);
    }
    await watched.subscribing;
    return true;
  }
  async function subscribe(watched: Watched, channel: string): Promise<void> {
    try {
      const stop = await deps.hints.listen(channel, {
        message: (hint) => hear(watched, hint),
        resync: () => lookLater(watched),
      });
      if (watched.listeners.size > 0) watched.stop = stop;
      else stop();
    } catch (error) {
      delete watched.channel;
      throw error;
    }
  }
  function hear(watched: Watched, hint: Hint): void {
    const { upload, stage } = watched;
    if (hint.kind === "look") {
      if (hint.from !== me) lookLater(watched, hint.error);
    } else if (hint.kind === "page") {
      tell(watched, { upload, stage: "extracting", page: hint.page, pages: hint.pages });
    } else if (stage !== "extracting") {
      tell(watched, { upload, stage: "extracting" });
    }
  }
  function tell(watched: Watched, status: UploadStatus): void {
    watched.stage = status.stage;
    for (const listener of watched.listeners) listener.uploadHint(status);
  }

  async function look(watched: Watched, error?: WireError): Promise<ReadStatus> {
    const { user, upload } = watched;
    for (;;) {
      const { stage } = watched;
      // The queue is asked once: when nothing that a worker says afterwards can be missed.
      const read = await readUploadStatus(deps, user, upload, (text) => hears(watched, hintsOfText(text)));
      const status = read?.status ?? failed(upload, error);
      const isOver = isFinal(status);
      const channel = read?.text === undefined ? hintsOfUpload(user, upload) : hintsOfText(read.text);
      if (!isOver && watched.listeners.size > 0 && (await listen(watched, channel))) continue;
      // A worker's hint that came during the read is newer.
      const isOld = !isOver && watched.stage !== stage;
      const isNews = !isOld && status.stage !== (watched.stage ?? "receiving");
      if (isNews) tell(watched, status);
      if (isOver) end(watched);
      return read;
    }
  }
  function lookNext(watched: Watched, error?: WireError): Promise<ReadStatus> {
    const next = watched.looking.catch(() => undefined).then(() => look(watched, error));
    watched.looking = next;
    next.catch(() => undefined); // the caller handles the error
    return next;
  }
  function lookLater(watched: Watched, error?: WireError): void {
    lookNext(watched, error).catch(deps.onTrouble);
  }
  function changed(watched: Watched, error?: WireError): void {
    lookLater(watched, error);
    const hint: Hint = { kind: "look", from: me, ...(error && { error }) };
    publishHint(deps.store, hintsOfUpload(watched.user, watched.upload), hint).catch(deps.onTrouble);
  }
  function name(listener: UploadListener, upload: string): Watched {
    const watched = watch(listener, upload);
    if (watched.channel === undefined) listen(watched, hintsOfUpload(listener.user, upload)).catch(deps.onTrouble);
    return watched;
  }

  async function status(listener: UploadListener, upload: string): Promise<UploadStatus> {
    const now = await readUploadStatus(deps, listener.user, upload);
    if (!now) throw refuse("NOT_FOUND", { message: "There is no such upload." });
    if (isFinal(now.status)) return now.status;
    const watched = watch(listener, upload);
    watched.stage ??= now.status.stage;
    return ((await lookNext(watched)) ?? now).status;
  }

  return {
    name: (listener, upload) => void name(listener, upload),
    async storing(listener, upload, work) {
      const watched = name(listener, upload);
      try {
        const stored = await work();
        if (stored.done) changed(watched);
        return stored;
      } catch (error) {
        const wire = error instanceof Refusal ? error.wire : undefined;
        if (wire?.code === "NOT_FOUND") forget(listener, watched);
        if (wire?.code.startsWith("FILE_")) changed(watched, wire);
        throw error;
      }
    },
    status,
    follow(listener, upload) {
      status(listener, upload).catch((error: unknown) => error instanceof Refusal || deps.onTrouble(error));
    },
    leave(listener) {
      for (const watched of [...(named.get(listener) ?? [])]) forget(listener, watched);
    },
  };
}

const hears = ({ channel, subscribing }: Watched, wanted: string): boolean => channel === wanted && !subscribing;

const isFinal = ({ stage }: UploadStatus): boolean => stage === "ready" || stage === "failed";

function failed(upload: string, error = wireError("NOT_FOUND")): UploadStatus {
  return { upload, stage: "failed", error };
}
