import type { Worker } from "bullmq";
import type { Cluster, Redis } from "ioredis";
import { AFTER_ONLY, EXTRACT } from "./catalogue.ts";

/**
 * A place that a process has in addition to its `concurrency`. It serves a file that is the only waiting file of its
 * user and network, so that this file need not wait for the end of long files.
 */
export interface ExtraPlace {
  /**
   * Opens the place if a file waits that is the only waiting file of its user and network; resolves with false if none
   * does.
   */
  open(): Promise<boolean>;
  /** Stops fetching for this place. A job that was just fetched may still arrive. */
  shut(): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param start starts a BullMQ worker that runs one job at a time, from the queue with this prefix. Called for a prefix
 * when the place is first opened for a job with this prefix.
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
