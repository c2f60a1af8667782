import { hintsOfUpload } from "@docrelay/channel";
import type { UploadStatus } from "@docrelay/protocol";
import type { ReadStatus } from "./upload-status.ts";

/** A connection that hears of the uploads it has named. */
export interface UploadListener {
  readonly user: string;
  uploadHint(status: UploadStatus): void;
}

/** One upload that connections of this edge have named and that is not ready or failed, as far as they know. */
export interface Watched {
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

/** Which connections have named which uploads. */
export interface WatchedUploads {
  add(listener: UploadListener, upload: string): Watched;
  /** An upload that no connection names any more is no longer watched. */
  remove(listener: UploadListener, watched: Watched): void;
  /** No connection is told of the upload any more. */
  end(watched: Watched): void;
  /** The connection has ended. */
  leave(listener: UploadListener): void;
}

/** Uploads watched for one connection; the oldest is dropped. */
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
