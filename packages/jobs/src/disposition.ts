import { DelayedError, WaitingError, type Job } from "bullmq";
import type { Cluster, Redis } from "ioredis";
import { ASIDE, EXTRACT } from "./catalogue.ts";

/**
 * What happens to a job after its handler. `done`: it is removed. `hand-back`: it goes back to the queue, for another
 * process. `aside`: it goes back to the queue, behind all jobs that were not put aside. `laterMs`: it is delayed by
 * this many ms.
 */
export type Disposition = "done" | "hand-back" | "aside" | { readonly laterMs: number };

/** A job that a BullMQ worker has fetched, the token of its lock, and the prefix of its queue. */
export interface FetchedJob {
  readonly job: Job;
  readonly token: string | undefined;
  readonly prefix: string;
}

/**
 * Ends the handling of a job as its disposition says. @throws the error with which BullMQ is told that the job is not
 * done.
 */
export async function dispose(
  connection: Redis | Cluster,
  { job, token, prefix }: FetchedJob,
  disposition: Disposition,
): Promise<void> {
  if (disposition === "done") return;
  if (disposition === "aside") {
    await putAside(job, token);
    throw new WaitingError();
  }
  if (disposition === "hand-back") {
    await job.moveToWait(token);
    // BullMQ's own script wakes no worker for a job with a priority. Without this marker, an idle process would find
    // the job only at its next poll.
    await connection.zadd(`${prefix}:${EXTRACT.queue}:marker`, 0, "0");
    throw new WaitingError();
  }
  await job.moveToDelayed(Date.now() + disposition.laterMs, token);
  throw new DelayedError();
}

/** Returns a job to the queue behind all jobs that were not put aside. */
async function putAside(job: Job, token: string | undefined): Promise<void> {
  const aside = asideOf(job.data);
  await job.updateData({ ...(job.data as object), aside: aside + 1 });
  if (aside === 0) await job.changePriority({ priority: ASIDE + (job.opts.priority ?? 1) });
  await job.moveToWait(token);
}

/** How many times a job was put aside. */
export function asideOf(data: unknown): number {
  const { aside } = (data ?? {}) as { aside?: unknown };
  return typeof aside === "number" ? aside : 0;
}
