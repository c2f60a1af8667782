import { wireError } from "@docrelay/protocol";
import { pause } from "../link/pause.ts";
import type { AskProgress } from "../turns/turn.ts";
import { RelayError } from "../wire/relay-error.ts";
import { uploadFiles } from "./draft.ts";
import { belongs, cancelLate, keep, stopEntry, tell, type Accepted, type Entry, type SendQueueDeps } from "./entry.ts";
import { KEEP_MS, type Outgoing } from "./outbox.ts";

/**
 * For how many ms an ask is sent again and again while a quota is used up. The time is short, because a quota may stay
 * used up for days.
 */
const QUOTA_MS = 120_000;
/**
 * The pause between two tries to upload, in ms. A short pause is enough, because each try itself waits for a
 * connection.
 */
const AWAY_MS = 200;

/** Reports the upload progress of an ask's files; without a connection, reports that the ask waits. */
export function tellUpload(deps: SendQueueDeps, entry: Entry): void {
  if (entry.uploading) tell(deps, entry, deps.isOnline() ? entry.uploading : { stage: "waiting" });
}

/** Uploads the files of an ask. Further calls return the same promise. */
export function upload(deps: SendQueueDeps, entry: Entry): Promise<void> {
  return (entry.uploaded ??= uploadNow(deps, entry));
}

async function uploadNow(deps: SendQueueDeps, entry: Entry): Promise<void> {
  const file = entry.draft.files.findIndex((one) => !("upload" in one));
  if (file >= 0) {
    const onProgress = (progress: AskProgress): void => {
      entry.uploading = progress;
      tellUpload(deps, entry);
    };
    onProgress({ stage: "uploading", file, sent: 0, size: entry.ask.files[file]?.size ?? 0 });
    const files = await uploadAll(deps, entry, onProgress);
    entry.uploading = undefined;
    entry.ask = { ...entry.ask, files };
    entry.over.signal.throwIfAborted();
    tell(deps, entry, { stage: "waiting" });
  }
  keep(deps, entry);
}

/**
 * Uploads all files of an ask. If the server could not be reached, the upload is tried again, until the ask is older
 * than `KEEP_MS`.
 */
async function uploadAll(
  deps: SendQueueDeps,
  entry: Entry,
  onProgress: (progress: AskProgress) => void,
): Promise<Outgoing["files"]> {
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

/** Uploads and sends an ask until it is accepted, refused or stopped. */
export async function deliver(deps: SendQueueDeps, entry: Entry): Promise<void> {
  try {
    const accepted = await uploadAndSend(deps, entry);
    // If this tab or another one stopped the ask while it was sent, the ask is cancelled on the server.
    if (entry.over.signal.aborted || deps.outbox.isStopped(entry.ask.id)) cancelLate(deps, entry);
    else deps.outbox.settle(entry.ask.id);
    entry.end({ accepted });
  } catch (error) {
    if (!entry.over.signal.aborted) refused(deps, entry, error);
  }
}

/**
 * Uploads files and sends the ask. If the server no longer has a file, the file is uploaded and the ask sent once more.
 */
async function uploadAndSend(deps: SendQueueDeps, entry: Entry): Promise<Accepted> {
  try {
    await upload(deps, entry);
    return await send(deps, entry);
  } catch (error) {
    const gone = error instanceof RelayError && error.code === "NOT_FOUND" && !entry.over.signal.aborted;
    if (!gone || entry.draft.files.filter((file) => deps.forget(file)).length === 0) throw error;
    delete entry.uploaded;
    await upload(deps, entry);
    return send(deps, entry);
  }
}

function send(deps: SendQueueDeps, entry: Entry): Promise<Accepted> {
  const { id, at } = entry.ask;
  const began = Date.now();
  return deps.send(entry.ask, {
    deadlineMs: leftMs(at),
    beforeTry() {
      // Another tab may have stopped the ask since it was added.
      if (deps.outbox.isStopped(id)) stopEntry(deps, entry, new DOMException("stopped", "AbortError"));
      entry.over.signal.throwIfAborted();
      if (!belongs(deps.outbox, entry)) throw new RelayError(wireError("AUTH_INVALID"));
      entry.wasSent = true;
      tell(deps, entry, { stage: "sending" });
    },
    onRetry(error) {
      const isQuota = error instanceof RelayError && error.code === "QUOTA_EXCEEDED";
      const waitMs = isQuota ? Math.max(Date.now() - began, error.wire.retryAfterMs ?? 0) : 0;
      if (waitMs > QUOTA_MS) throw error;
      tell(deps, entry, { stage: "waiting" });
    },
  });
}

function refused(deps: SendQueueDeps, entry: Entry, error: unknown): void {
  const { id, at } = entry.ask;
  const isLate = error instanceof RelayError && error.retryable && leftMs(at) === 0;
  const why = isLate ? new RelayError(wireError("ASK_EXPIRED"), { cause: error }) : error;
  // A refused ask leaves the outbox. It stays if it belongs to another user, or if the connection is closed for good:
  // then another web page sends it later.
  if (!deps.isClosed() && belongs(deps.outbox, entry)) deps.outbox.settle(id);
  deps.change({ type: "refused", id, error: why instanceof RelayError ? why : bug(why) });
  entry.end({ error: why });
}

/**
 * Returns for how many more ms an ask that was made at `at` may be sent. If `at` is in the future, because a clock was
 * wrong, it counts as now.
 */
function leftMs(at: number): number {
  return Math.min(KEEP_MS, Math.max(0, at + KEEP_MS - Date.now()));
}

function bug(cause: unknown): RelayError {
  return new RelayError(wireError("INTERNAL"), { cause });
}
