import { DelayedError, WaitingError, Worker, type Job } from "bullmq";
import type { Cluster, Redis } from "ioredis";
import { ASIDE, EXTRACT, parseJob, PREFIX, prefixesOf, type ExtractJob } from "./catalogue.ts";
import { JobsError } from "./error.ts";

/**
 * What happens to a job after its handler: removed, returned to the queue for another process at once, returned behind all
 * jobs that were not put aside, or delayed.
 */
export type Disposition = "done" | "hand-back" | "aside" | { readonly laterMs: number };

export interface ConsumerOptions {
  /** A connection without command timeout, with `maxRetriesPerRequest: null`. The caller closes it. */
  readonly connection: Redis | Cluster;
  readonly prefix?: string;
  /** As of the producers. */
  readonly shards?: number | undefined;
  /** Jobs handled at once in this process. */
  readonly concurrency: number;
  /**
   * May run more than once for one job (its lock was lost): its writes must be fenced or idempotent. `signal` is aborted
   * when the job takes long, others wait, and all that run here take long: it may end as `aside`.
   */
  handle(job: ExtractJob, signal: AbortSignal): Promise<Disposition>;
  /** A job that runs longer takes long. 2,000 ms by default. */
  readonly longMs?: number;
  /** An error of a handler (its job is retried a few times), a job that cannot be parsed, or an error of Redis. */
  onError(error: Error): void;
}

export interface Consumer extends AsyncDisposable {
  /** Resolves when fetching has begun. */
  ready(): Promise<void>;
  /** Stops fetching; running handlers continue. A job that had just been fetched is returned to the queue. */
  stop(): Promise<void>;
  /** Number of running handlers. */
  readonly active: number;
  /** Resolves when `active` is 0. */
  idle(): Promise<void>;
}

/*
 * The jobs of a killed process run elsewhere once their lock has expired and the next check for stalled jobs has run:
 * measured 2.7–3.1 s. A stalled job means a crash or a blocked event loop, not a failure of the job itself, so
 * `maxStalledCount` is high; crashes are counted in the ask.
 * A worker process that was suspended (SIGSTOP) keeps its connection and can consume a wake-up of BullMQ's blocking read;
 * the other workers poll again after `drainDelay` seconds.
 */
const TIMES = {
  lockDuration: 3000,
  stalledInterval: 1000,
  maxStalledCount: 20,
  runRetryDelay: 500,
  drainDelay: 1,
} as const;
const NEWER_RETRY_MS = 1000;
const CLOSE_MS = 2000;
const LONG_MS = 2000;
const LOOK_MS = 250;
/** BullMQ's scores of waiting jobs: the priority, and 32 bits for their order. */
const FIRST_ASIDE = ASIDE * 2 ** 32;

interface Run {
  readonly begunAt: number;
  /** A job that was put aside runs twice as long each time, where no other place is left for it. */
  readonly longMs: number;
  readonly controller: AbortController;
}

/**
 * Handles extractions, lowest `priority` number first. One that takes long is put aside while others wait and all places are
 * taken by such: a few slow files, of whomever, do not hold up the others.
 */
export function consumeExtracts(options: ConsumerOptions): Consumer {
  const { connection, prefix = PREFIX, shards = 1, concurrency, handle, onError, longMs = LONG_MS } = options;
  const prefixes = prefixesOf(prefix, shards);
  const runs = new Set<Run>();
  let stopped = false;
  let active = 0;
  const onIdle = new Set<() => void>();
  let closing: Promise<void> | undefined;

  /** Puts the job aside that has run for the shortest time, if all take long and others wait. */
  async function makePlace(): Promise<void> {
    const now = performance.now();
    const left = [...runs].filter(({ controller }) => !controller.signal.aborted);
    if (stopped || left.length < concurrency || left.some((run) => now - run.begunAt < run.longMs)) return;
    const waiting = await Promise.all(
      prefixes.map((one) => connection.zcount(`${one}:${EXTRACT.queue}:prioritized`, 0, `(${FIRST_ASIDE}`)),
    );
    if (waiting.every((count) => count === 0)) return;
    left.toSorted((a, b) => b.begunAt - a.begunAt)[0]?.controller.abort();
  }
  const looking = setInterval(() => void makePlace().catch(onError), LOOK_MS);
  looking.unref();

  async function decide(data: unknown, run: Run): Promise<Disposition> {
    // Fetched just before stop(), or from another shard just before this process was full.
    if (stopped || active > concurrency) return "hand-back";
    const parsed = parseJob(data);
    if (parsed.kind === "newer") return { laterMs: NEWER_RETRY_MS };
    if (parsed.kind === "bad") throw new JobsError("shape", `${EXTRACT.queue}: ${parsed.why}`);
    return handle(parsed.job, run.controller.signal);
  }

  /** Returns a job behind all that were not put aside. */
  async function putAside(job: Job, token?: string): Promise<void> {
    const aside = asideOf(job.data);
    await job.updateData({ ...(job.data as object), aside: aside + 1 });
    if (aside === 0) await job.changePriority({ priority: ASIDE + (job.opts.priority ?? 1) });
    await job.moveToWait(token);
  }

  /** Returns a job for another process. */
  async function handBack(job: Job, token: string | undefined, of: string): Promise<void> {
    await job.moveToWait(token);
    // BullMQ's own script wakes nobody for a job with a priority: an idle process would find it at its next poll.
    await connection.zadd(`${of}:${EXTRACT.queue}:marker`, 0, "0");
  }

  async function process(job: Job, token: string | undefined, of: string): Promise<void> {
    active++;
    fetchOrNot();
    // With several places the other ones go on to the end.
    const patience = concurrency > 1 ? longMs : longMs * 2 ** asideOf(job.data);
    const run = { begunAt: performance.now(), longMs: patience, controller: new AbortController() };
    runs.add(run);
    try {
      const disposition = await decide(job.data, run);
      if (disposition === "done") return;
      if (disposition === "aside") {
        await putAside(job, token);
        throw new WaitingError();
      }
      if (disposition === "hand-back") {
        await handBack(job, token, of);
        throw new WaitingError();
      }
      await job.moveToDelayed(Date.now() + disposition.laterMs, token);
      throw new DelayedError();
    } finally {
      runs.delete(run);
      active--;
      fetchOrNot();
      if (active === 0) for (const resolve of onIdle) resolve();
    }
  }

  const own = { connection, concurrency, skipVersionCheck: true };
  const workers = prefixes.map((one) => {
    const run = (job: Job, token?: string): Promise<void> => process(job, token, one);
    return new Worker(EXTRACT.queue, run, { ...own, prefix: one, ...TIMES });
  });
  for (const worker of workers) {
    worker.on("error", onError);
    worker.on("failed", (_job, error) => onError(error));
  }

  /** Each shard is fetched from as if it were alone, so none is when their jobs together are as many as there may be. */
  function fetchOrNot(): void {
    if (stopped || workers.length === 1) return;
    const isFull = active >= concurrency;
    for (const worker of workers)
      if (worker.isPaused() !== isFull) void (isFull ? worker.pause(true) : worker.resume()).catch(onError);
  }

  async function close(): Promise<void> {
    await consumer.stop();
    clearInterval(looking);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new JobsError("timeout", `${EXTRACT.queue}: not closed within ${CLOSE_MS} ms`)),
        CLOSE_MS,
      );
    });
    try {
      await Promise.race([Promise.all(workers.map((worker) => worker.close())), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  const consumer: Consumer = {
    async ready() {
      await Promise.all(workers.map((worker) => worker.waitUntilReady()));
    },
    async stop() {
      stopped = true;
      await Promise.all(workers.map((worker) => worker.pause(true)));
    },
    get active() {
      return active;
    },
    async idle() {
      if (active === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      onIdle.add(resolve);
      await promise;
      onIdle.delete(resolve);
    },
    [Symbol.asyncDispose]: () => (closing ??= close()),
  };
  return consumer;
}

/** How often a job was put aside. */
function asideOf(data: unknown): number {
  const { aside } = (data ?? {}) as { aside?: unknown };
  return typeof aside === "number" ? aside : 0;
}
