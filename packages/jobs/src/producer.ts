import { Queue } from "bullmq";
import type { Cluster, Redis } from "ioredis";
import { EXTRACT, JOB_VERSION, parseJob, PREFIX, prefixesOf, shardOf, type ExtractJob } from "./catalogue.ts";
import { JobsError } from "./error.ts";

/**
 * Adds, removes and counts extraction jobs. All calls are idempotent, so a call whose outcome is unknown can be
 * repeated.
 */
export interface Producer extends AsyncDisposable {
  /**
   * Adds a job; does nothing while a job with the same key waits or runs. `waiting` (default 1): how many extractions
   * wait, this one included: those of the user, or those of the user's network if they are more. Jobs with a low
   * `waiting` run first, and among these the small files.
   * @throws JobsError `timeout` or `shape`, or an error of ioredis.
   */
  extract(job: Omit<ExtractJob, "v">, waiting?: number): Promise<void>;
  /**
   * Returns the job with this key, waiting or running; undefined if there is none that this version understands.
   * @throws JobsError `timeout`, or an error of ioredis.
   */
  find(key: string): Promise<ExtractJob | undefined>;
  /** Removes a job from the queue, unless it is running. @throws JobsError `timeout`, or an error of ioredis. */
  remove(key: string): Promise<void>;
  /**
   * Counts the jobs that wait, that are delayed (until a retry), and that run. @throws JobsError `timeout`, or an error
   * of ioredis.
   */
  counts(): Promise<{ waiting: number; delayed: number; running: number }>;
  /**
   * Whether the job with this key runs, waits (also for a retry), or is not in the queue. @throws JobsError `timeout`,
   * or an error of ioredis.
   */
  state(key: string): Promise<"running" | "waiting" | "none">;
}

export interface ProducerOptions {
  /** A connection for commands, which other code may use as well. The caller closes the connection. */
  readonly connection: Redis | Cluster;
  /** The prefix of the queue's keys. Default: {@link PREFIX}. */
  readonly prefix?: string;
  /** Over how many slots of a Redis Cluster the queue is spread; the same number in all processes. Default: 1. */
  readonly shards?: number | undefined;
  /** How many ms a call may take. After this time its outcome is unknown. Default: 2,000. */
  readonly timeoutMs?: number;
}

const MAX_EVENTS = 200;

export function createProducer(options: ProducerOptions): Producer {
  const { connection, prefix = PREFIX, shards = 1, timeoutMs = 2000 } = options;

  const queues = prefixesOf(prefix, shards).map((name) => open(connection, name));
  const queueOf = (key: string): Queue => {
    const queue = queues[shardOf(key, shards)];
    if (!queue) throw new Error("a queue without shards");
    return queue;
  };
  let closing: Promise<unknown> | undefined;

  return {
    async extract({ key, ref, sha256, bytes, locked, shard, u, network, charged, trace }, waiting) {
      const job = { v: JOB_VERSION, key, ref, sha256, bytes, locked, shard, u, network, charged, trace };
      const parsed = parseJob(job);
      if (parsed.kind === "bad") throw new JobsError("shape", `${EXTRACT.queue}: ${parsed.why}`);
      await within(timeoutMs, EXTRACT.queue, queueOf(key).add(EXTRACT.queue, job, EXTRACT.options(job, waiting)));
    },
    async find(key) {
      const found = await within(timeoutMs, EXTRACT.queue, queueOf(key).getJob(key));
      const parsed = parseJob(found?.data);
      return parsed.kind === "job" ? parsed.job : undefined;
    },
    async remove(key) {
      await within(timeoutMs, EXTRACT.queue, queueOf(key).remove(key));
    },
    async counts() {
      const reading = Promise.all(
        queues.map((queue) => queue.getJobCounts("wait", "prioritized", "delayed", "active")),
      );
      const all = await within(timeoutMs, EXTRACT.queue, reading);
      const sum = (name: string): number => all.reduce((so, { [name]: count = 0 }) => so + count, 0);
      return { waiting: sum("wait") + sum("prioritized"), delayed: sum("delayed"), running: sum("active") };
    },
    async state(key) {
      const state = await within(timeoutMs, EXTRACT.queue, queueOf(key).getJobState(key));
      if (state === "active") return "running";
      return state === "unknown" ? "none" : "waiting";
    },
    async [Symbol.asyncDispose]() {
      closing ??= within(timeoutMs, "close", Promise.all(queues.map((queue) => queue.close())));
      await closing;
    },
  };
}

function open(connection: Redis | Cluster, prefix: string): Queue {
  const queue = new Queue(EXTRACT.queue, {
    connection,
    prefix,
    // The app has checked the version of Redis already. After a failed check of its own, BullMQ would not use the queue
    // any more.
    skipVersionCheck: true,
    skipWaitingForReady: true,
    streams: { events: { maxLen: MAX_EVENTS } },
  });
  // Nothing to do: calls of the queue reject with their errors, and the owner of the connection handles the
  // connection's errors.
  queue.on("error", () => undefined);
  return queue;
}

async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new JobsError("timeout", `${what}: no reply within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
