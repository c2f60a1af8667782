import { refuse } from "@docrelay/protocol";

/** Chunks on their way into the store: a few at a time, in order within an upload, round by round among users. */
export interface UploadQueue {
  /**
   * Runs `work` when its turn comes. Its answer is the client's backpressure. @throws Refusal `BUSY` when too many bytes
   * wait, one upload has too many chunks waiting, or the turn does not come in time; what `work` throws.
   */
  run<T>(chunk: { user: string; upload: string; bytes: number }, work: () => Promise<T>): Promise<T>;
  /** Bytes that were received and are not stored yet. */
  readonly unstoredBytes: number;
  /** Uploads that have chunks here. */
  readonly uploads: number;
  /** Calls back once when fewer bytes than half of the bound wait; at once if so already. */
  whenRoom(callback: () => void): void;
  readonly roomy: boolean;
}

export interface UploadQueueRule {
  /** Uploads whose chunk is being stored at one time. */
  readonly atOnce: number;
  readonly maxUnstoredBytes: number;
  readonly maxChunksPerUpload: number;
  readonly waitMs: number;
}

interface Waiting {
  readonly bytes: number;
  start(): void;
}
/** `running` while one of its chunks is being stored: then it is not in its user's round. */
interface Upload {
  readonly key: string;
  readonly waiting: Waiting[];
  running: boolean;
}

const RETRY_MS = 250;

export function createUploadQueue(rule: UploadQueueRule): UploadQueue {
  // A Map keeps its order: whoever was served goes to its end, so that turns go round by user, and by upload within one.
  const users = new Map<string, Map<string, Upload>>();
  const callbacks: Array<() => void> = [];
  let running = 0;
  let unstored = 0;
  const hasRoom = (): boolean => unstored <= rule.maxUnstoredBytes / 2;

  function next(): void {
    while (running < rule.atOnce) {
      const found = choose();
      if (!found) return;
      running++;
      found.start();
    }
  }

  function choose(): Waiting | undefined {
    for (const [user, uploads] of users) {
      for (const [key, upload] of uploads) {
        if (upload.running || upload.waiting.length === 0) continue;
        upload.running = true;
        uploads.delete(key);
        uploads.set(key, upload);
        users.delete(user);
        users.set(user, uploads);
        return upload.waiting.shift();
      }
    }
    return undefined;
  }

  function settle(user: string, upload: Upload, bytes: number): void {
    unstored -= bytes;
    if (!upload.running && upload.waiting.length === 0) {
      const uploads = users.get(user);
      uploads?.delete(upload.key);
      if (uploads?.size === 0) users.delete(user);
    }
    if (hasRoom()) for (const callback of callbacks.splice(0)) callback();
    next();
  }

  return {
    get unstoredBytes() {
      return unstored;
    },
    get uploads() {
      return [...users.values()].reduce((sum, uploads) => sum + uploads.size, 0);
    },
    get roomy() {
      return hasRoom();
    },
    whenRoom(callback) {
      if (hasRoom()) callback();
      else callbacks.push(callback);
    },
    async run({ user, upload: key, bytes }, work) {
      const uploads = users.get(user) ?? new Map<string, Upload>();
      const upload = uploads.get(key) ?? { key, waiting: [], running: false };
      if (unstored + bytes > rule.maxUnstoredBytes || upload.waiting.length >= rule.maxChunksPerUpload) {
        throw refuse("BUSY", { retryAfterMs: RETRY_MS });
      }
      unstored += bytes;
      users.set(user, uploads.set(key, upload));
      try {
        await new Promise<void>((resolve, reject) => {
          const late = setTimeout(() => {
            upload.waiting.splice(upload.waiting.indexOf(one), 1);
            reject(refuse("BUSY", { retryAfterMs: RETRY_MS }));
          }, rule.waitMs);
          const one: Waiting = {
            bytes,
            start() {
              clearTimeout(late);
              resolve();
            },
          };
          upload.waiting.push(one);
          next();
        });
      } catch (error) {
        settle(user, upload, bytes);
        throw error;
      }
      try {
        return await work();
      } finally {
        running--;
        upload.running = false;
        settle(user, upload, bytes);
      }
    },
  };
}
