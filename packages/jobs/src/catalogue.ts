import type { JobsOptions } from "bullmq";
import { hash } from "node:crypto";
import * as z from "zod";

/**
 * The version of a job's data. A job with a higher `v` was added by a newer release, as happens in a rolling update;
 * the job is delayed until a process that knows this version gets it.
 */
export const JOB_VERSION = 1;
/** The largest number that BullMQ accepts as a priority. A job with the largest number runs last. */
export const MAX_PRIORITY = 2_097_151;
/**
 * Added to the priority of an extraction that was put aside, because it took long while others waited. So it runs after
 * all extractions that were not put aside.
 */
export const ASIDE = 1_048_576;
/**
 * The prefix of the queue's keys, with a hash tag: BullMQ needs all keys of a queue in one slot, and no shard of users
 * is in this slot.
 */
export const PREFIX = "{bull}";

/**
 * Returns the prefixes of a queue that is spread over `shards` slots of a Redis Cluster. The first prefix is that of a
 * queue in a single slot, so jobs that are already queued are still found when `shards` is raised from 1. With three
 * masters that have equal parts of the slots, the first three prefixes are on different masters.
 */
export function prefixesOf(prefix: string, shards: number): string[] {
  return Array.from({ length: shards }, (_, index) => (index === 0 ? prefix : prefix.replace(/}$/, `-${index}}`)));
}

/**
 * Returns the index, in the result of {@link prefixesOf}, of the prefix under which the job with this key is stored.
 */
export function shardOf(key: string, shards: number): number {
  return shards === 1 ? 0 : hash("sha256", key, "buffer").readUInt32BE(0) % shards;
}

const shard = z.string().regex(/^s[0-9a-f]{2}$/);
const short = z.string().regex(/^[A-Za-z0-9_-]{22}$/);
const name = z.string().regex(/^[A-Za-z0-9_-]{8,64}$/);

/**
 * The data of a job: extract the text with the text key `key` from the bytes at `ref`, for a user (`u`: the user's
 * hash, `shard`: the user's shard). A password is never in a job; it is stored separately.
 */
const extractSchema = z.object({
  v: z.literal(JOB_VERSION),
  key: name,
  ref: z.string().min(1).max(256),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().nonnegative(),
  /**
   * Whether the text key was made with a password. Without this password, an extraction would not give the text of this
   * key.
   */
  locked: z.boolean().optional(),
  shard,
  u: short,
  /**
   * The user's network, in the form of a user (`shard`, `u`); set if waiting extractions are also counted for networks.
   */
  network: z.object({ shard, u: short }).optional(),
  /**
   * Those of the user's network and tenant that have a quota of pages. The extracted pages count for these as well as for
   * the user.
   */
  charged: z
    .array(z.object({ shard, u: short }))
    .max(4)
    .readonly()
    .optional(),
  trace: z.string().max(128),
});
export type ExtractJob = z.infer<typeof extractSchema>;

/*
 * If a handler throws, for example because Redis is unreachable, BullMQ retries the job a few times. If the job still
 * fails, BullMQ removes it, and the sweeper adds it again. Jobs that have ended are not kept: while BullMQ keeps a
 * failed job, it ignores every new job with the same id.
 */
const keepNothing = { removeOnComplete: true, removeOnFail: true } as const;
const retried = { attempts: 4, backoff: { type: "exponential", delay: 250 } } as const;

const SIZE_CLASSES = 16;
const SMALL_BYTES = 16_384;

/**
 * Returns the priority of an extraction; BullMQ runs the job with the lowest number first. Users with few waiting
 * extractions come first, and among these the small files. `waiting`: how many extractions wait, this one included:
 * those of the user, or those of the user's network if they are more.
 */
export function priorityOf(waiting: number, bytes: number): number {
  const size = Math.min(SIZE_CLASSES - 1, Math.max(0, Math.ceil(Math.log2(bytes / SMALL_BYTES))));
  return Math.min(ASIDE - 1, (Math.max(1, Math.trunc(waiting)) - 1) * SIZE_CLASSES + size + 1);
}

/** Whether a job with this priority was the only waiting job of its user and network when it was added. */
export const isOnly = (priority: number): boolean => priority <= SIZE_CLASSES;
/**
 * BullMQ sorts waiting jobs by a score: the priority times this number, plus a 32-bit number for the order of adding.
 */
const SCORES = 2 ** 32;
/**
 * Scores by which BullMQ sorts waiting jobs (see `SCORES`). FIRST_ASIDE: the lowest score of a job that was put aside
 * (see `ASIDE`). AFTER_ONLY: the lowest score of a job whose user or network had other waiting jobs when the job was
 * added.
 */
export const FIRST_ASIDE = ASIDE * SCORES;
export const AFTER_ONLY = (SIZE_CLASSES + 1) * SCORES;

/** The name of the queue of extractions, and BullMQ's options for a job of it. `waiting`: see {@link priorityOf}. */
export const EXTRACT = {
  queue: "extract",
  options: ({ key, bytes }: Pick<ExtractJob, "key" | "bytes">, waiting = 1): JobsOptions => ({
    ...keepNothing,
    ...retried,
    jobId: key,
    priority: priorityOf(waiting, bytes),
  }),
} as const;

/**
 * Parses the data of a job. `newer`: a newer release has written the data. `bad`: the data are not valid; `why` has the
 * errors.
 */
export function parseJob(
  data: unknown,
): { kind: "job"; job: ExtractJob } | { kind: "newer" } | { kind: "bad"; why: string } {
  const version = (data as { v?: unknown } | null)?.v;
  if (typeof version === "number" && version > JOB_VERSION) return { kind: "newer" };
  const parsed = extractSchema.safeParse(data);
  if (parsed.success) return { kind: "job", job: parsed.data };
  return {
    kind: "bad",
    why: parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "),
  };
}
