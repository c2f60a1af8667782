import { DelayedError, WaitingError, type Job } from "bullmq";
import type { Cluster, Redis } from "ioredis";
import { ASIDE, EXTRACT } from "./catalogue.ts";

/**
 * What happens to a job after its handler has ended. `done`: the job is removed. `hand-back`: the job goes back to the
 * queue, for another process. `aside`: the job goes back to the queue, behind all jobs that were not put aside.
 * `laterMs`: the job waits for this many ms.
 */
export type Disposition = "done" | "hand-back" | "aside" | { readonly laterMs: number };

export interface FetchedJob {
  readonly job: Job;
  readonly token: string | undefined;
  readonly prefix: string;
}

/**
 * Returns a job to the queue as its disposition states. Does nothing if that is `done`: then BullMQ removes the job.
 * @throws for every other disposition an error of BullMQ, by which BullMQ learns that the job is not done.
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

async function putAside(job: Job, token: string | undefined): Promise<void> {
  const aside = asideOf(job.data);
  await job.updateData({ ...(job.data as object), aside: aside + 1 });
  if (aside === 0) await job.changePriority({ priority: ASIDE + (job.opts.priority ?? 1) });
  await job.moveToWait(token);
}

/** Returns how many times a job was put aside. `data`: the job's data. */
export function asideOf(data: unknown): number {
  const { aside } = (data ?? {}) as { aside?: unknown };
  return typeof aside === "number" ? aside : 0;
}
