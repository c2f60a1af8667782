import type { Worker } from "bullmq";
import type { Cluster, Redis } from "ioredis";
import { AFTER_ONLY, EXTRACT } from "./catalogue.ts";

/**
 * One place more than a process has, for the only waiting file of a user and an address: files that take long, however many
 * somebody has, do not hold it up.
 */
export interface ExtraPlace {
  /** Opens the place if such a file waits. False: none waits. */
  open(): Promise<boolean>;
  /** No job is fetched any more; one that was just fetched may still come. */
  shut(): Promise<void>;
  /** Ends what fetches. */
  close(): Promise<void>;
}

/** @param start starts a consumer of one job at a time, of the queue with this prefix. It is called when the place is first needed. */
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
