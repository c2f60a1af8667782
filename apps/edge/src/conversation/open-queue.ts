import { OPEN_MAX_BYTES, refuse } from "@docrelay/protocol";
import { createFairQueue } from "../limits/fair-queue.ts";

/** A connection that reads logs. */
export interface LogReader {
  readonly user: string;
  /** Whether the connection has ended: then no further log is read for it. */
  readonly gone: boolean;
  /**
   * Calls `callback` once: as soon as the client has read all, or nearly all, sent bytes, or the connection has ended.
   */
  whenRoom(callback: () => void): void;
}

/**
 * Reads conversations' logs for connections. Only a bounded number of bytes is read at a time, and users are served in
 * rotation, so that a user who opens many conversations delays mostly that user. For one connection, the next log is
 * read only when the client has received the one before, so that a client that reads nothing costs the memory of one
 * log.
 */
export interface OpenQueue {
  /**
   * Runs `work`, which reads one log and sends it, when the queue serves this reader; `bytesOf` returns the size of the
   * log. @throws Refusal `BUSY` when too many opens wait or the wait was too long, `SHUTTING_DOWN` when the reader's
   * connection has ended; errors of `work`.
   */
  run<T>(reader: LogReader, work: () => Promise<T>, bytesOf: (done: T) => number): Promise<T>;
  readonly waiting: number;
}

export interface OpenQueueRule {
  /**
   * The most bytes of logs that are read, parsed and serialised at a time. The size of a log is known only after it was
   * read: until then it counts as much as the longest recent log. Therefore many short logs, but only few long ones,
   * are read at the same time.
   */
  readonly maxBytes: number;
  /** The most logs that are read at a time, however short they are. */
  readonly atOnce: number;
  /** The most waiting calls of `run` for one user. */
  readonly maxPerUser: number;
  /** The most waiting calls of `run` for all users together. */
  readonly maxWaiting: number;
  /** The longest time that a call of `run` waits. */
  readonly waitMs: number;
}

const RETRY_MS = 1000;
/** After each log that is shorter than expected, the expected size decreases by at most this share. */
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
        // The place in the queue is released only after the caller has written the log to the connection's buffer,
        // because `whenRoom` has to count the bytes of the log.
        setImmediate(release);
      }
    },
  };
}
