import { CHUNKS_IN_FLIGHT, refuse } from "@docrelay/protocol";
import { createFairQueue } from "../limits/fair-queue.ts";

/**
 * Bounds how many chunks are stored at a time. The chunks of an upload are begun in order. Users are served in
 * rotation, and so are the uploads of one user.
 */
export interface UploadQueue {
  /**
   * Calls `work`, which stores the chunk, when the queue serves this upload; earlier chunks of the same upload may
   * still be being stored. A chunk is acknowledged when `work` has ended, so that clients send no faster than chunks
   * are stored. @throws Refusal `BUSY` when too many bytes wait, one upload has too many waiting chunks, or the chunk
   * has waited too long; errors of `work`.
   */
  run<T>(chunk: { user: string; upload: string; bytes: number }, work: () => Promise<T>): Promise<T>;
  /** How many bytes were received and are not stored yet. */
  readonly unstoredBytes: number;
  /** How many uploads have a chunk that waits or is being stored. */
  readonly uploads: number;
  /** Calls `callback` once: as soon as `unstoredBytes` is at most half of `maxUnstoredBytes`. */
  whenRoom(callback: () => void): void;
  readonly hasRoom: boolean;
}

export interface UploadQueueRule {
  /** How many chunks of all uploads together are stored at a time. */
  readonly atOnce: number;
  readonly maxUnstoredBytes: number;
  readonly maxChunksPerUpload: number;
  readonly waitMs: number;
}

const RETRY_MS = 250;

export function createUploadQueue(rule: UploadQueueRule): UploadQueue {
  const queue = createFairQueue<string>({
    maxWaiting: Number.POSITIVE_INFINITY, // the number of waiting chunks is bounded by their bytes
    maxWaitingPerKey: rule.maxChunksPerUpload,
    turnsPerKey: CHUNKS_IN_FLIGHT,
    waitMs: rule.waitMs,
    retryAfterMs: RETRY_MS,
    hasRoom: (running) => running < rule.atOnce,
  });
  const callbacks: Array<() => void> = [];
  let unstoredBytes = 0;
  const hasRoom = (): boolean => unstoredBytes <= rule.maxUnstoredBytes / 2;

  return {
    get unstoredBytes() {
      return unstoredBytes;
    },
    get uploads() {
      return queue.keys;
    },
    get hasRoom() {
      return hasRoom();
    },
    whenRoom(callback) {
      if (hasRoom()) callback();
      else callbacks.push(callback);
    },
    async run({ user, upload, bytes }, work) {
      if (unstoredBytes + bytes > rule.maxUnstoredBytes) throw refuse("BUSY", { retryAfterMs: RETRY_MS });
      unstoredBytes += bytes;
      try {
        const release = await queue.acquire(user, upload);
        try {
          return await work();
        } finally {
          release();
        }
      } finally {
        unstoredBytes -= bytes;
        if (hasRoom()) for (const callback of callbacks.splice(0)) callback();
      }
    },
  };
}
