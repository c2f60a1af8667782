import { hintsOfUpload } from "@docrelay/channel";
import type { UploadStatus } from "@docrelay/protocol";
import type { ReadStatus } from "./upload-status.ts";

/** A connection that receives hints about the uploads that it has named. */
export interface UploadListener {
  readonly user: string;
  uploadHint(status: UploadStatus): void;
}

/**
 * One upload that connections of this edge have named, and whose text, as far as this edge knows, is not ready and has
 * not failed.
 */
export interface Watched {
  readonly user: string;
  readonly upload: string;
  readonly listeners: Set<UploadListener>;
  /** The channel that this edge listens to: first the upload's own channel, later that of its text. */
  channel?: string;
  /** Pending while Redis has not confirmed the subscription of `channel`. */
  subscribing?: Promise<void>;
  stop?: () => void;
  /** The last stage that was sent as a hint; the number of extracted pages is sent in addition. */
  stage?: UploadStatus["stage"];
  /** The last read of the upload's status: reads run one after the other. */
  looking: Promise<ReadStatus>;
}

/** Which connections have named which uploads. */
export interface WatchedUploads {
  add(listener: UploadListener, upload: string): Watched;
  /** Removes one connection from an upload; an upload without connections is no longer watched. */
  remove(listener: UploadListener, watched: Watched): void;
  /** Ends the watch of an upload: no connection gets further hints about it. */
  end(watched: Watched): void;
  /** The connection has ended. */
  leave(listener: UploadListener): void;
}

/** Most uploads watched for one connection; beyond that the oldest is dropped. */
const MAX_NAMED = 64;

export function createWatchedUploads(): WatchedUploads {
  const all = new Map<string, Watched>();
  const named = new Map<UploadListener, Set<Watched>>();

  function remove(listener: UploadListener, watched: Watched): void {
    const mine = named.get(listener);
    mine?.delete(watched);
    if (mine?.size === 0) named.delete(listener);
    watched.listeners.delete(listener);
    if (watched.listeners.size === 0) end(watched);
  }
  function end(watched: Watched): void {
    all.delete(hintsOfUpload(watched.user, watched.upload));
    watched.stop?.();
    for (const listener of [...watched.listeners]) remove(listener, watched);
  }

  return {
    add(listener, upload) {
      const { user } = listener;
      const key = hintsOfUpload(user, upload);
      const watched = all.get(key) ?? { user, upload, listeners: new Set(), looking: Promise.resolve(undefined) };
      all.set(key, watched);
      watched.listeners.add(listener);
      const mine = named.get(listener) ?? new Set();
      named.set(listener, mine.add(watched));
      const [oldest] = mine;
      if (mine.size > MAX_NAMED && oldest) remove(listener, oldest);
      return watched;
    },
    remove,
    end,
    leave(listener) {
      for (const watched of [...(named.get(listener) ?? [])]) remove(listener, watched);
    },
  };
}
