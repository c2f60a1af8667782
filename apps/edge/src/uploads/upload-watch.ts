import { hintsOfText, hintsOfUpload, publishHint, type Hint, type Listening } from "@docrelay/channel";
import { Refusal, refuse, wireError, type UploadStatus, type WireError } from "@docrelay/protocol";
import { randomUUID } from "node:crypto";
import type { ExtractionDeps } from "./extraction.ts";
import { readUploadStatus, type ReadStatus } from "./upload-status.ts";
import { createWatchedUploads, type UploadListener, type Watched, type WatchedUploads } from "./watched-uploads.ts";

/**
 * Sends hints about the progress of uploads to the connections that have sent the ids of these uploads. Hints may be
 * lost; `status` reads the stored state.
 */
export interface UploadWatch {
  /** From now on, `listener` gets hints about this upload. Reads nothing, and returns at once. */
  name(listener: UploadListener, upload: string): void;
  /**
   * Runs `work`, which stores a chunk. From now on, `listener` gets hints about this upload. If the upload is complete
   * after `work`, or refused as a bad file, a hint goes to all connections that get hints about it.
   */
  storing<T extends { done: boolean }>(listener: UploadListener, upload: string, work: () => Promise<T>): Promise<T>;
  /** Reads the upload's status; `listener` gets a hint for every later stage. @throws Refusal `NOT_FOUND` */
  status(listener: UploadListener, upload: string): Promise<UploadStatus>;
  /**
   * From now on, `listener` gets hints about this upload, unless the upload has ended or was removed. Returns at once.
   */
  follow(listener: UploadListener, upload: string): void;
  /** Must be called when the connection `listener` has ended: it then gets no more hints. */
  leave(listener: UploadListener): void;
}

export interface UploadWatchDeps extends ExtractionDeps {
  readonly hints: Listening<Hint>;
  onTrouble(error: unknown): void;
}

interface Watch {
  readonly deps: UploadWatchDeps;
  readonly uploads: WatchedUploads;
  /** A random name that this edge puts into its hints, so that it can ignore them when they come back. */
  readonly me: string;
}

export function createUploadWatch(deps: UploadWatchDeps): UploadWatch {
  const uploads = createWatchedUploads();
  const watch: Watch = { deps, uploads, me: randomUUID() };

  return {
    name: (listener, upload) => void name(watch, listener, upload),
    async storing(listener, upload, work) {
      const watched = name(watch, listener, upload);
      try {
        const stored = await work();
        if (stored.done) changed(watch, watched);
        return stored;
      } catch (error) {
        const wire = error instanceof Refusal ? error.wire : undefined;
        if (wire?.code === "NOT_FOUND") uploads.remove(listener, watched);
        if (wire?.code.startsWith("FILE_")) changed(watch, watched, wire);
        throw error;
      }
    },
    status: (listener, upload) => status(watch, listener, upload),
    follow(listener, upload) {
      status(watch, listener, upload).catch((error: unknown) => error instanceof Refusal || deps.onTrouble(error));
    },
    leave: uploads.leave,
  };
}

function name(watch: Watch, listener: UploadListener, upload: string): Watched {
  const watched = watch.uploads.add(listener, upload);
  if (watched.channel === undefined) {
    listen(watch, watched, hintsOfUpload(listener.user, upload)).catch(watch.deps.onTrouble);
  }
  return watched;
}

async function status(watch: Watch, listener: UploadListener, upload: string): Promise<UploadStatus> {
  const now = await readUploadStatus(watch.deps, listener.user, upload);
  if (!now) throw refuse("NOT_FOUND", { message: "There is no such upload." });
  if (isFinal(now.status)) return now.status;
  const watched = watch.uploads.add(listener, upload);
  watched.stage ??= now.status.stage;
  return ((await lookNext(watch, watched)) ?? now).status;
}

/**
 * Subscribes to `channel` in place of the earlier channel; resolves to false if this edge was already subscribed to it.
 */
async function listen(watch: Watch, watched: Watched, channel: string): Promise<boolean> {
  if (hears(watched, channel)) return false;
  if (watched.channel !== channel) {
    watched.stop?.();
    watched.channel = channel;
    watched.subscribing = subscribe(watch, watched, channel).finally(() => delete watched.subscribing);
  }
  await watched.subscribing;
  return true;
}

async function subscribe(watch: Watch, watched: Watched, channel: string): Promise<void> {
  try {
    const stop = await watch.deps.hints.listen(channel, {
      message: (hint) => hear(watch, watched, hint),
      resync: () => lookLater(watch, watched),
    });
    if (watched.listeners.size > 0) watched.stop = stop;
    else stop();
  } catch (error) {
    delete watched.channel;
    throw error;
  }
}

function hear(watch: Watch, watched: Watched, hint: Hint): void {
  const { upload, stage } = watched;
  if (hint.kind === "look") {
    if (hint.from !== watch.me) lookLater(watch, watched, hint.error);
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

async function look(watch: Watch, watched: Watched, error?: WireError): Promise<ReadStatus> {
  const { user, upload } = watched;
  for (;;) {
    const { stage } = watched;
    // As long as this edge is not subscribed to the workers' hints about the text, the extraction queue is not read.
    // `listen` subscribes to the hints, and then the loop reads the status again, with the queue. Later changes come as
    // hints.
    const read = await readUploadStatus(watch.deps, user, upload, (text) => hears(watched, hintsOfText(text)));
    const status = read?.status ?? failed(upload, error);
    const isOver = isFinal(status);
    const channel = read?.text === undefined ? hintsOfUpload(user, upload) : hintsOfText(read.text);
    if (!isOver && watched.listeners.size > 0 && (await listen(watch, watched, channel))) continue;
    // If the stage has changed during the read, a hint has come that is newer than the status that was read. Then the
    // status is ignored, unless it is final.
    const isOld = !isOver && watched.stage !== stage;
    const isNews = !isOld && status.stage !== (watched.stage ?? "receiving");
    if (isNews) tell(watched, status);
    if (isOver) watch.uploads.end(watched);
    return read;
  }
}

function lookNext(watch: Watch, watched: Watched, error?: WireError): Promise<ReadStatus> {
  const next = watched.looking.catch(() => undefined).then(() => look(watch, watched, error));
  watched.looking = next;
  return next;
}

function lookLater(watch: Watch, watched: Watched, error?: WireError): void {
  lookNext(watch, watched, error).catch(watch.deps.onTrouble);
}

function changed(watch: Watch, watched: Watched, error?: WireError): void {
  lookLater(watch, watched, error);
  const hint: Hint = { kind: "look", from: watch.me, ...(error && { error }) };
  publishHint(watch.deps.store, hintsOfUpload(watched.user, watched.upload), hint).catch(watch.deps.onTrouble);
}
const hears = ({ channel, subscribing }: Watched, wanted: string): boolean => channel === wanted && !subscribing;

const isFinal = ({ stage }: UploadStatus): boolean => stage === "ready" || stage === "failed";

function failed(upload: string, error = wireError("NOT_FOUND")): UploadStatus {
  return { upload, stage: "failed", error };
}
