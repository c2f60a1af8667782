import type { JobsOptions } from "bullmq";
import { hash } from "node:crypto";
import * as z from "zod";

/**
 * The version of jobs. A job with a higher `v` is put off: a process of a newer release wrote it during a rolling
 * update.
 */
export const JOB_VERSION = 1;
/** BullMQ's lowest priority. */
export const MAX_PRIORITY = 2_097_151;
/** Added to the priority of an extraction that was put aside, so that it runs after all others. */
export const ASIDE = 1_048_576;
/**
 * A hash tag only for the queues. BullMQ needs all keys of a queue in one slot, and no shard of users should be in that
 * slot.
 */
export const PREFIX = "{bull}";

/**
 * The prefixes of a queue that is spread over several slots of a cluster. The first prefix equals that of a queue that
 * is not spread, so jobs are still found after the number of shards changes. The first three prefixes are in the slots
 * of three masters, if these share the slots evenly.
 */
export function prefixesOf(prefix: string, shards: number): string[] {
  return Array.from({ length: shards }, (_, index) => (index === 0 ? prefix : prefix.replace(/}$/, `-${index}}`)));
}

/** The index of the prefix that has the job of a text. */
export function shardOf(key: string, shards: number): number {
  return shards === 1 ? 0 : hash("sha256", key, "buffer").readUInt32BE(0) % shards;
}

const shard = z.string().regex(/^s[0-9a-f]{2}$/);
const short = z.string().regex(/^[A-Za-z0-9_-]{22}$/);
const name = z.string().regex(/^[A-Za-z0-9_-]{8,64}$/);

/**
 * Extracts the text `key` from the bytes at `ref`, for the user `shard`/`u`. A password is stored in Redis, never in a
 * job.
 */
const extractSchema = z.object({
  v: z.literal(JOB_VERSION),
  key: name,
  ref: z.string().min(1).max(256),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().nonnegative(),
  /** `key` was made with a password. Without the password, the outcome would belong to another key. */
  locked: z.boolean().optional(),
  shard,
  u: short,
  /** The network of the user, if networks are counted. */
  network: z.object({ shard, u: short }).optional(),
  /**
   * The user's tenant and network, where a quota limits their pages: they are charged for the pages as well as the
   * user.
   */
  charged: z
    .array(z.object({ shard, u: short }))
    .max(4)
    .optional(),
  trace: z.string().max(128),
});
export type ExtractJob = z.infer<typeof extractSchema>;

/*
 * If a job's handler throws (for example because Redis became unreachable), BullMQ retries the job a few times. After
 * that the sweeper adds it again. Ended jobs are removed, because a failed job that is kept makes every later add of
 * its id a no-op.
 */
const keepNothing = { removeOnComplete: true, removeOnFail: true } as const;
const retried = { attempts: 4, backoff: { type: "exponential", delay: 250 } } as const;

const SIZE_CLASSES = 16;
const SMALL_BYTES = 16_384;

/**
 * The priority of an extraction: extractions of users with few waiting extractions run first, and among these the small
 * files. `waiting`: the user's number of waiting extractions, this one included.
 */
export function priorityOf(waiting: number, bytes: number): number {
  const size = Math.min(SIZE_CLASSES - 1, Math.max(0, Math.ceil(Math.log2(bytes / SMALL_BYTES))));
  return Math.min(ASIDE - 1, (Math.max(1, Math.trunc(waiting)) - 1) * SIZE_CLASSES + size + 1);
}

/** Whether a priority is that of the only waiting file of a user and an address. */
export const isOnly = (priority: number): boolean => priority <= SIZE_CLASSES;
/** BullMQ's score of a waiting job is its priority times this, plus 32 bits for the order of adding. */
const SCORES = 2 ** 32;
/**
 * The lowest score of a job that was put aside, and the lowest score of a job that is not the only one of its user and
 * address.
 */
export const FIRST_ASIDE = ASIDE * SCORES;
export const AFTER_ONLY = (SIZE_CLASSES + 1) * SCORES;

/** The queue of extractions, and how a job is added to it. */
export const EXTRACT = {
  queue: "extract",
  options: ({ key, bytes }: Pick<ExtractJob, "key" | "bytes">, waiting = 1): JobsOptions => ({
    ...keepNothing,
    ...retried,
    jobId: key,
    priority: priorityOf(waiting, bytes),
  }),
} as const;

/** Parses a job's data. Returns the job, `newer` for a later version, or `bad` with the reason. */
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
