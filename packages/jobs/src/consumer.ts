import { DelayedError, WaitingError, Worker, type Job } from "bullmq";
import type { Cluster, Redis } from "ioredis";
import {
  AFTER_ONLY,
  ASIDE,
  EXTRACT,
  FIRST_ASIDE,
  isOnly,
  parseJob,
  PREFIX,
  prefixesOf,
  type ExtractJob,
} from "./catalogue.ts";
import { JobsError } from "./error.ts";
import { createExtraPlace } from "./extra-place.ts";

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
  /** Jobs handled at once in this process; for a short time one more. */
  readonly concurrency: number;
  /**
   * May run more than once for one job (its lock was lost): its writes must be fenced or idempotent. `signal` is aborted
   * when the job takes long, others wait, and all that run here take long: it may end as `aside`. `isOnly`: its user and
   * address have no other.
   */
  handle(job: ExtractJob, signal: AbortSignal, isOnly: boolean): Promise<Disposition>;
  /** A job that runs longer takes long. 2,000 ms by default. */
  readonly longMs?: number;
  /** When all jobs have run for longer than this, the only job of a user and address gets a place of its own. 100 ms by default. */
  readonly briefMs?: number;
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
const BRIEF_MS = 100;
/** Redis is asked only while all places are taken. */
const LOOK_MS = 20;

interface Run {
  readonly isExtra: boolean;
  /** Of a file that is the only one of its user and address. */
  readonly isOnly: boolean;
  readonly begunAt: number;
  /** A job that was put aside runs twice as long each time, where no other place is left for it. */
  readonly longMs: number;
  readonly controller: AbortController;
}

/**
 * Handles extractions, lowest `priority` number first. Slow files do not hold up the others: while all places are taken, one
 * more is opened for the only file of a user and an address, and one that takes long is put aside when all places are taken by
 * such and others wait.
 */
export function consumeExtracts(options: ConsumerOptions): Consumer {
  const { connection, prefix = PREFIX, shards = 1, concurrency, handle, onError } = options;
  const { longMs = LONG_MS, briefMs = BRIEF_MS } = options;
  const prefixes = prefixesOf(prefix, shards);
  const runs = new Set<Run>();
  let stopped = false;
  const onIdle = new Set<() => void>();
  let closing: Promise<void> | undefined;

  const regular = (): Run[] => [...runs].filter(({ isExtra }) => !isExtra);

  async function makePlace(): Promise<void> {
    const now = performance.now();
    const left = [...runs].filter(({ controller }) => !controller.signal.aborted);
    const isFull = regular().filter(({ controller }) => !controller.signal.aborted).length >= concurrency;
    if (stopped || !isFull) return extra.shut();
    const areBrief = left.some((run) => now - run.begunAt < briefMs);
    if (left.length === concurrency && !areBrief && (await extra.open())) return;
    await extra.shut();
    if (!left.some((run) => now - run.begunAt < run.longMs)) await putShortestAside(left);
  }

  /** Of jobs that all take long, while others wait. The only file of a user goes for another such one alone. */
  async function putShortestAside(left: readonly Run[]): Promise<void> {
    const many = left.filter((run) => !run.isOnly);
    const below = many.length > 0 ? FIRST_ASIDE : AFTER_ONLY;
    const waiting = await Promise.all(
      prefixes.map((one) => connection.zcount(`${one}:${EXTRACT.queue}:prioritized`, 0, `(${below}`)),
    );
    if (waiting.every((count) => count === 0)) return;
    const [shortest] = (many.length > 0 ? many : left).toSorted((a, b) => b.begunAt - a.begunAt);
    shortest?.controller.abort();
  }
  let looked: Promise<void> | undefined;
  const looking = setInterval(() => {
    looked ??= makePlace()
      .catch(onError)
      .finally(() => (looked = undefined));
  }, LOOK_MS);
  looking.unref();

  async function decide(job: Job, run: Run): Promise<Disposition> {
    // Fetched just before stop(), or from another shard just before this process was full, or in place of one that another process took.
    const isFull = run.isExtra ? !run.isOnly : regular().length > concurrency;
    if (stopped || isFull) return "hand-back";
    const parsed = parseJob(job.data);
    if (parsed.kind === "newer") return { laterMs: NEWER_RETRY_MS };
    if (parsed.kind === "bad") throw new JobsError("shape", `${EXTRACT.queue}: ${parsed.why}`);
    return handle(parsed.job, run.controller.signal, run.isOnly);
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
    // BullMQ's own script wakes no consumer for a job with a priority: an idle process would find it at its next poll.
    await connection.zadd(`${of}:${EXTRACT.queue}:marker`, 0, "0");
  }

  async function process(
    job: Job,
    token: string | undefined,
    { of, isExtra }: { of: string; isExtra: boolean },
  ): Promise<void> {
    // With several places the other ones go on to the end.
    const patience = concurrency > 1 ? longMs : longMs * 2 ** asideOf(job.data);
    const run = {
      isExtra,
      isOnly: isOnly(job.priority),
      begunAt: performance.now(),
      longMs: patience,
      controller: new AbortController(),
    };
    runs.add(run);
    fetchOrNot();
    try {
      if (isExtra) await extra.shut(); // until it is looked for again
      const disposition = await decide(job, run);
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
      fetchOrNot();
      if (runs.size === 0) for (const resolve of onIdle) resolve();
    }
  }

  function open(of: string, isExtra: boolean): Worker {
    const run = (job: Job, token?: string): Promise<void> => process(job, token, { of, isExtra });
    const places = isExtra ? 1 : concurrency;
    const own = { connection, concurrency: places, skipVersionCheck: true, prefix: of };
    const worker = new Worker(EXTRACT.queue, run, { ...own, ...TIMES });
    worker.on("error", onError);
    worker.on("failed", (_job, error) => onError(error));
    return worker;
  }
  const workers = prefixes.map((one) => open(one, false));
  const extra = createExtraPlace(connection, prefixes, (one) => open(one, true));

  /** Each shard is fetched from as if it were alone, so none is when their jobs together are as many as there may be. */
  function fetchOrNot(): void {
    if (stopped || workers.length === 1) return;
    const isFull = regular().length >= concurrency;
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
      await Promise.race([Promise.all([extra.close(), ...workers.map((worker) => worker.close())]), late]);
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
      await Promise.all([extra.shut(), ...workers.map((worker) => worker.pause(true))]);
    },
    get active() {
      return runs.size;
    },
    async idle() {
      if (runs.size === 0) return;
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
