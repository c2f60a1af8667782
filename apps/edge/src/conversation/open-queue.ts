import { OPEN_MAX_BYTES, refuse } from "@docrelay/protocol";
import { createFairQueue } from "../limits/fair-queue.ts";

/** A connection that reads logs. */
export interface LogReader {
  readonly user: string;
  /** The connection has ended: nothing is read for it any more. */
  readonly gone: boolean;
  /** Calls back once when it has read (nearly) all that it was sent, or has ended; at once if so already. */
  whenRoom(callback: () => void): void;
}

/**
 * Reads logs for connections: as many bytes of them at a time as the rule allows, users in turn, and one log after the
 * other for one connection, each when it has read the one before. So a client that opens many conversations and reads
 * nothing costs one log, and a user who opens many delays mostly themselves.
 */
export interface OpenQueue {
  /**
   * Runs `work`, which reads one log and hands it on, when the reader's turn comes; `bytesOf` is the size of what was
   * read. @throws Refusal `BUSY` when too many wait or the turn does not come in time, `SHUTTING_DOWN` when the reader
   * has gone; what `work` throws.
   */
  run<T>(reader: LogReader, work: () => Promise<T>, bytesOf: (done: T) => number): Promise<T>;
  readonly waiting: number;
}

export interface OpenQueueRule {
  /**
   * Bytes of logs that are read, parsed and serialised at a time. The size of a log is known when it has been read: until
   * then it counts as much as the longest of late. So many short logs are read side by side, and few long ones.
   */
  readonly maxBytes: number;
  /** Logs read at a time, however short they are. */
  readonly atOnce: number;
  /** Opens that wait, of one user and of all. */
  readonly maxPerUser: number;
  readonly maxWaiting: number;
  readonly waitMs: number;
}

const RETRY_MS = 1000;
/** The expected size decays by this share with each log that is shorter. */
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
        // Later, when what was read is on its way to the reader: `whenRoom` has to see those bytes.
        setImmediate(release);
      }
    },
  };
}
