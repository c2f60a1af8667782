import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import {
  EXTRACT,
  JOB_VERSION,
  parseJob,
  PREFIX,
  WAKE,
  type ExtractJob,
  type JobKind,
  type WakeJob,
} from "./catalogue.ts";
import { JobsError } from "./error.ts";

/** Adds jobs. Every add is idempotent, so that one whose outcome is unknown is simply added again. */
export interface Producer extends AsyncDisposable {
  /**
   * Rings a conversation's doorbell. Rings while one is waiting change nothing; rings while it is being answered make
   * one more run afterwards. @throws JobsError `timeout`, or what ioredis throws.
   */
  wake(conversation: Omit<WakeJob, "v">): Promise<void>;
  /**
   * Asks for a text to be extracted; a no-op while this key waits or runs. Lower priorities go first, from 1 on.
   * @throws JobsError `timeout`, or what ioredis throws.
   */
  extract(job: Omit<ExtractJob, "v">, priority?: number): Promise<void>;
}

export interface ProducerOptions {
  /** A command connection, used by this producer and whoever else; it stays the caller's to close. */
  readonly connection: Redis;
  /** Of all keys of the queues; {@link PREFIX} by default. */
  readonly prefix?: string;
  /** How long an add may take before its outcome counts as unknown; 2,000 ms by default. */
  readonly timeoutMs?: number;
}

const EVENTS_KEPT = 200;

export function createProducer(options: ProducerOptions): Producer {
  const { connection, prefix = PREFIX, timeoutMs = 2000 } = options;

  function open<J extends { v: number }>(
    kind: JobKind<J>,
  ): { add(job: J, priority?: number): Promise<void>; close(): Promise<void> } {
    const queue = new Queue(kind.queue, {
      connection,
      prefix,
      // Redis's version is the app's to check, once; asked for here, a failing answer would disable the queue for ever.
      skipVersionCheck: true,
      skipWaitingForReady: true,
      streams: { events: { maxLen: EVENTS_KEPT } },
    });
    // Failed adds throw, and the connection's errors go to its owner.
    queue.on("error", () => undefined);
    return {
      async add(job, priority) {
        const parsed = parseJob(kind, job);
        if (parsed.kind === "bad") throw new JobsError("shape", `${kind.queue}: ${parsed.why}`);
        await within(timeoutMs, kind.queue, queue.add(kind.queue, job, kind.options(job, priority)));
      },
      close: () => queue.close(),
    };
  }

  const wakes = open(WAKE);
  const extracts = open(EXTRACT);
  let closing: Promise<void> | undefined;

  return {
    wake: ({ shard, u, c }) => wakes.add({ v: JOB_VERSION, shard, u, c }),
    extract: ({ key, ref, sha256, bytes, shard, u, trace }, priority) =>
      extracts.add({ v: JOB_VERSION, key, ref, sha256, bytes, shard, u, trace }, priority),
    [Symbol.asyncDispose]: () =>
      (closing ??= within(timeoutMs, "close", Promise.all([wakes.close(), extracts.close()])).then(() => undefined)),
  };
}

async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new JobsError("timeout", `${what}: no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
