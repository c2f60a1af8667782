import type { JobsOptions } from "bullmq";
import * as z from "zod";

/** Jobs with a higher `v` are left alone: a newer process wrote them during a roll. */
export const JOB_VERSION = 1;
/** BullMQ's lowest priority. */
export const MAX_PRIORITY = 2_097_151;
/** A hash tag of the queues' own: all keys of a queue must share a slot, and not with a shard of users. */
export const PREFIX = "{bull}";

const shard = z.string().regex(/^s[0-9a-f]{2}$/);
const hash = z.string().regex(/^[A-Za-z0-9_-]{22}$/);
const name = z.string().regex(/^[A-Za-z0-9_-]{8,64}$/);

/** Rings the doorbell of a conversation: there may be something in its mailbox. */
const wakeSchema = z.object({ v: z.literal(JOB_VERSION), shard, u: hash, c: hash });
export type WakeJob = z.infer<typeof wakeSchema>;

/** Bytes at `ref` to be made into the text `key`, asked for by the user `shard`/`u`. A password lies in Redis, not here. */
const extractSchema = z.object({
  v: z.literal(JOB_VERSION),
  key: name,
  ref: z.string().min(1).max(256),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().nonnegative(),
  shard,
  u: hash,
  trace: z.string().max(128),
});
export type ExtractJob = z.infer<typeof extractSchema>;

/** One kind of job: its queue, its shape, and how it is added. */
export interface JobKind<J> {
  readonly queue: string;
  readonly schema: z.ZodType<J>;
  options(job: J, priority?: number): JobsOptions;
}

/*
 * A job that throws (Redis went away in mid-run) comes back a few times by itself; after that the sweeper brings it.
 * Nothing is kept: a kept failed job would make every later add of its id a no-op.
 */
const keepNothing = { removeOnComplete: true, removeOnFail: true } as const;
const comeBack = { attempts: 4, backoff: { type: "exponential", delay: 250 } } as const;

export const WAKE: JobKind<WakeJob> = {
  queue: "ask",
  schema: wakeSchema,
  // Any number of adds while a job of this conversation waits are that job; any number while it runs are one more.
  options: ({ c }) => ({ ...keepNothing, ...comeBack, deduplication: { id: c, keepLastIfActive: true } }),
};

export const EXTRACT: JobKind<ExtractJob> = {
  queue: "extract",
  schema: extractSchema,
  options: ({ key }, priority = 1) => ({
    ...keepNothing,
    ...comeBack,
    jobId: key,
    priority: Math.max(1, Math.min(MAX_PRIORITY, Math.trunc(priority))),
  }),
};

/** Reads a job's data: the job, `newer` when it is of a later version, or what is wrong with it. */
export function parseJob<J>(
  kind: JobKind<J>,
  data: unknown,
): { kind: "job"; job: J } | { kind: "newer" } | { kind: "bad"; why: string } {
  const version = (data as { v?: unknown } | null)?.v;
  if (typeof version === "number" && version > JOB_VERSION) return { kind: "newer" };
  const parsed = kind.schema.safeParse(data);
  if (parsed.success) return { kind: "job", job: parsed.data };
  return {
    kind: "bad",
    why: parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "),
  };
}
