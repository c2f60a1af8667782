import { OPEN_MAX_BYTES, refuse } from "@docrelay/protocol";
import { createFairQueue } from "../limits/fair-queue.ts";

/** A connection that reads logs. */
export interface LogReader {
  readonly user: string;
  /** Whether the connection has ended: then no further log is read for it. */
  readonly gone: boolean;
  /**
   * Calls back once when the client has read (nearly) all sent bytes, or the connection has ended; at once if that is
   * so already.
   */
  whenRoom(callback: () => void): void;
}

/**
 * Reads logs for connections: a bounded number of bytes at a time, and users in turn. The logs for one connection are
 * read one after the other, each when the client has read the log before. So a client that opens many conversations and
 * reads nothing costs the memory of one log, and a user's many opens delay mostly that user.
 */
export interface OpenQueue {
  /**
   * Runs `work`, which reads one log and sends it, when the reader's turn comes; `bytesOf` returns the size of the log.
   * @throws Refusal `BUSY` when too many opens wait or the turn does not come in time, `SHUTTING_DOWN` when the
   * reader's connection has ended; errors of `work`.
   */
  run<T>(reader: LogReader, work: () => Promise<T>, bytesOf: (done: T) => number): Promise<T>;
  readonly waiting: number;
}

export interface OpenQueueRule {
  /**
   * Bytes of logs that are read, parsed and serialised at a time. The size of a log is known only after it was read:
   * until then it counts as much as the longest recent log. So many short logs are read at the same time, but few long
   * ones.
   */
  readonly maxBytes: number;
  /** Logs read at a time, however short they are. */
  readonly atOnce: number;
  /** Most waiting opens of one user, and of all users. */
  readonly maxPerUser: number;
  readonly maxWaiting: number;
  readonly waitMs: number;
}

const RETRY_MS = 1000;
/** After each log that is shorter than expected, the expected size decreases by this share. */
const DECAY = 0.05;

export function createOpenQueue(rule: OpenQueueRule): OpenQueue {
  let expectedBytes = OPEN_MAX_BYTES;
  const queue = createFairQueue<LogReader>({
    maxWaiting: rule.maxWaiting,
    maxWaitingPerUser: rule.maxPerUser,
    waitMs: rule.waitMs,
    retryAfterMs: RETRY_MS,
    hasRoom: (running) => running < rule.atOnce && (running === 0 || (running + 1) * expectedBytes <= rule.maxBytes),
    whenReady: (reader, callback) => reader.whenRoom(callback),
    checkKey(reader) {
      if (reader.gone) throw refuse("SHUTTING_DOWN", { message: "The connection has ended." });
    },
  });
  return {
    get waiting() {
      return queue.waiting;
    },
    async run(reader, work, bytesOf) {
      const release = await queue.acquire(reader.user, reader);
      try {
        const done = await work();
        expectedBytes = Math.max(bytesOf(done), expectedBytes * (1 - DECAY));
        return done;
      } finally {
        // The turn is released after the log was written to the reader's buffer, because `whenRoom` has to count those
        // bytes.
        setImmediate(release);
      }
    },
  };
}
