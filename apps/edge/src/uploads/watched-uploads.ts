import { hintsOfUpload } from "@docrelay/channel";
import type { UploadStatus } from "@docrelay/protocol";
import type { ReadStatus } from "./upload-status.ts";

/** A connection that gets hints about the uploads whose ids it has sent. */
export interface UploadListener {
  readonly user: string;
  uploadHint(status: UploadStatus): void;
}

/**
 * An upload about which connections of this edge get hints. As far as this edge knows, neither its text nor the failure
 * of its extraction is stored.
 */
export interface Watched {
  readonly user: string;
  readonly upload: string;
  readonly listeners: Set<UploadListener>;
  /** The Redis channel to which this edge is subscribed for hints: first the upload's own, later that of its text. */
  channel?: string;
  /**
   * Set until Redis has confirmed the subscription of `channel`, or the subscription has failed; settles at that time.
   */
  subscribing?: Promise<void>;
  stop?: () => void;
  /** The last stage that the upload's connections have learned, by a hint or by a read of the status. */
  stage?: UploadStatus["stage"];
  /** The latest read of the upload's status; the next read waits for it, so that reads run one after the other. */
  looking: Promise<ReadStatus>;
}

/** Which connections get hints about which uploads. */
export interface WatchedUploads {
  add(listener: UploadListener, upload: string): Watched;
  /** Ends the hints about an upload to one connection; an upload without connections is no longer watched. */
  remove(listener: UploadListener, watched: Watched): void;
  /** Ends the watch of an upload: no connection gets further hints about it. */
  end(watched: Watched): void;
  /** Must be called when the connection `listener` has ended: it then gets no more hints about any upload. */
  leave(listener: UploadListener): void;
}

/** The most uploads whose hints one connection gets; one more upload replaces the one that was added first. */
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
