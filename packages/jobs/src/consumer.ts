import { DelayedError, WaitingError, Worker, type Job } from "bullmq";
import type { Redis } from "ioredis";
import { EXTRACT, parseJob, PREFIX, WAKE, type ExtractJob, type JobKind, type WakeJob } from "./catalogue.ts";
import { JobsError } from "./error.ts";

/** What becomes of a job: it is done, it goes back for another process to take at once, or it comes again later. */
export type Disposition = "done" | "give-back" | { readonly laterMs: number };

export interface ConsumerOptions<J> {
  /** A connection without command timeout, with `maxRetriesPerRequest: null`; it stays the caller's to close. */
  readonly connection: Redis;
  readonly prefix?: string;
  /** Jobs handled at once in this process. */
  readonly concurrency: number;
  /** May run more than once for one job (a lock that was lost): what it writes must be fenced or idempotent. */
  handle(job: J): Promise<Disposition>;
  /** A handler that threw (its job comes back a few times), a job that cannot be read, or trouble with Redis. */
  onError(error: Error): void;
}

export interface Consumer extends AsyncDisposable {
  /** Resolves when jobs are being fetched. */
  ready(): Promise<void>;
  /** Fetches no more; what runs goes on. A job that was on its way goes back to the queue. */
  stop(): Promise<void>;
  /** Jobs that are being handled. */
  readonly active: number;
  /** Resolves when none is. */
  idle(): Promise<void>;
}

/** Handles the doorbells of conversations. */
export function consumeWakes(options: ConsumerOptions<WakeJob>): Consumer {
  return consume(WAKE, options, FETCHERS);
}

/** Handles extractions, those of users who wait for few first. */
export function consumeExtracts(options: ConsumerOptions<ExtractJob>): Consumer {
  return consume(EXTRACT, options, 1);
}

/*
 * A killed process's jobs run elsewhere after its lock has run out and the next check has come: 2.7–3.1 s. A stall is
 * a crash or a blocked loop, never the job's own failure: who crashes on what is counted in the ask, not here.
 * A worker that was stopped and is still connected takes calls that were meant for whoever listens: the others look by
 * themselves after `drainDelay` seconds.
 */
const TIMES = {
  lockDuration: 3000,
  stalledInterval: 1000,
  maxStalledCount: 20,
  runRetryDelay: 500,
  drainDelay: 1,
} as const;
/*
 * The library's worker fetches one job after the other, each at the price of a turn or two of Redis's disk: with one of
 * them nobody is answered faster than that, however many could be. Several fetch side by side.
 */
const FETCHERS = 4;
const NEWER_COMES_AGAIN_MS = 1000;
const CLOSE_MS = 2000;

function consume<J>(kind: JobKind<J>, options: ConsumerOptions<J>, fetchers: number): Consumer {
  const { connection, prefix = PREFIX, concurrency, handle, onError } = options;
  let stopped = false;
  let active = 0;
  const waiting = new Set<() => void>();
  let closing: Promise<void> | undefined;

  async function decide(data: unknown): Promise<Disposition> {
    if (stopped) return "give-back"; // it was on its way when the fetching stopped
    const parsed = parseJob(kind, data);
    if (parsed.kind === "newer") return { laterMs: NEWER_COMES_AGAIN_MS };
    if (parsed.kind === "bad") throw new JobsError("shape", `${kind.queue}: ${parsed.why}`);
    return handle(parsed.job);
  }

  async function process(job: Job, token?: string): Promise<void> {
    active++;
    try {
      const disposition = await decide(job.data);
      if (disposition === "done") return;
      if (disposition === "give-back") {
        await job.moveToWait(token);
        throw new WaitingError();
      }
      await job.moveToDelayed(Date.now() + disposition.laterMs, token);
      throw new DelayedError();
    } finally {
      active--;
      if (active === 0) for (const done of waiting) done();
    }
  }

  const workers = shares(concurrency, fetchers).map((share, index) => {
    const own = { connection, prefix, concurrency: share, skipVersionCheck: true, skipStalledCheck: index > 0 };
    const worker = new Worker(kind.queue, process, { ...own, ...TIMES });
    worker.on("error", onError);
    worker.on("failed", (_job, error) => onError(error));
    return worker;
  });

  async function close(): Promise<void> {
    await consumer.stop();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new JobsError("timeout", `${kind.queue}: not closed within ${CLOSE_MS} ms`)),
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
      waiting.add(resolve);
      await promise;
      waiting.delete(resolve);
    },
    [Symbol.asyncDispose]: () => (closing ??= close()),
  };
  return consumer;
}

/** `total` in at most `parts` shares of at least one. */
function shares(total: number, parts: number): number[] {
  const count = Math.max(1, Math.min(total, parts));
  return Array.from({ length: count }, (_, index) => Math.floor((total + index) / count));
}
