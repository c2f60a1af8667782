import type { Worker } from "bullmq";
import type { Cluster, Redis } from "ioredis";
import { AFTER_ONLY, EXTRACT } from "./catalogue.ts";

/**
 * A place in addition to the process's `concurrency`, for a file that is the only waiting one of its user and address.
 * So long files, even many of one user, do not delay such a file.
 */
export interface ExtraPlace {
  /**
   * Opens the place if a file waits that is the only one of its user and address. Resolves with false if none waits.
   */
  open(): Promise<boolean>;
  /** Stops fetching for this place. A job that was just fetched may still arrive. */
  shut(): Promise<void>;
  /** Closes the BullMQ workers of the place. */
  close(): Promise<void>;
}

/**
 * @param start starts a BullMQ worker that runs one job at a time, on the queue with this prefix. Called when the place
 * is first needed.
 */
export function createExtraPlace(
  connection: Redis | Cluster,
  prefixes: readonly string[],
  start: (prefix: string) => Worker,
): ExtraPlace {
  const workers = new Map<string, Worker>();
  return {
    async open() {
      for (const prefix of prefixes) {
        const waiting = await connection.zcount(`${prefix}:${EXTRACT.queue}:prioritized`, 0, `(${AFTER_ONLY}`);
        if (waiting === 0) continue;
        const known = workers.get(prefix);
        if (known) await known.resume();
        else workers.set(prefix, start(prefix));
        return true;
      }
      return false;
    },
    async shut() {
      await Promise.all([...workers.values()].map((worker) => worker.pause(true)));
    },
    async close() {
      await Promise.all([...workers.values()].map((worker) => worker.close()));
    },
  };
}
