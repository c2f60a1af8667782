import { Worker, type Job } from "bullmq";
import type { Cluster, Redis } from "ioredis";
import { EXTRACT, isOnly, parseJob, PREFIX, prefixesOf, type ExtractJob } from "./catalogue.ts";
import { asideOf, dispose, type Disposition, type FetchedJob } from "./disposition.ts";
import { JobsError } from "./error.ts";
import { firstWaiting } from "./first-waiting.ts";
import { createExtraPlace, type ExtraPlace } from "./extra-place.ts";
import { startMakingRoom } from "./make-room.ts";
import { createRuns, type Run, type Runs } from "./runs.ts";

export interface ConsumerOptions {
  /**
   * A connection without a command timeout, and with `maxRetriesPerRequest: null`, as BullMQ requires. The caller
   * closes it.
   */
  readonly connection: Redis | Cluster;
  readonly prefix?: string;
  /** Over how many slots of a Redis Cluster the queue is spread; the same number in all processes. Default: 1. */
  readonly shards?: number | undefined;
  /** How many jobs this process runs at a time, not counting the one in the extra place. */
  readonly concurrency: number;
  /**
   * Runs a job. If the job's lock was lost, another process may run the same job at the same time, so writes must be
   * idempotent, or refused when they are stale. `signal` is aborted to make room for other jobs, if all jobs of this
   * process have run for long; the handler may then return `aside`. `isOnly`: whether the job was the only waiting job
   * of its user and network when it was added.
   */
  handle(job: ExtractJob, signal: AbortSignal, isOnly: boolean): Promise<Disposition>;
  /** After how many ms a job counts as long. Default: 2,000. */
  readonly longMs?: number;
  /** When all jobs of this process have run for at least this many ms, the extra place is opened. Default: 20. */
  readonly briefMs?: number;
  /**
   * Called with each error: of a handler (BullMQ retries its job a few times), of a job that cannot be parsed, and of
   * Redis.
   */
  onError(error: Error): void;
}

export interface Consumer extends AsyncDisposable {
  /** Resolves when the consumer has begun to fetch jobs. */
  ready(): Promise<void>;
  /** Stops fetching. Running handlers continue. A job that was just fetched is returned to the queue. */
  stop(): Promise<void>;
  /** How many handlers run now. */
  readonly active: number;
  /**
   * Returns the keys of the first waiting jobs of the queue, at most `most`, in the order in which they will run if no
   * other job is added; with several slots only roughly in this order. Empty if this process has a free place, because
   * then no job waits for long, and if a process, this one included, got the list within the last `everyMs`. A call
   * of a process with a free place does not count.
   */
  waiting(most: number, everyMs: number): Promise<readonly string[]>;
  idle(): Promise<void>;
}

/*
 * Times for BullMQ, in ms; `drainDelay` is in seconds.
 *
 * The jobs of a killed process run elsewhere after the lock of the job has expired and BullMQ has checked for stalled
 * jobs: this took 2.7–3.1 s. A job stalls when its process has ended or its event loop was blocked, which is no fault
 * of the job, so `maxStalledCount` is high.
 *
 * A suspended process (SIGSTOP) keeps its connection, so BullMQ may wake up that process for a new job. So the other
 * processes also look for jobs every `drainDelay` seconds.
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
const BRIEF_MS = 20;
/**
 * For how many ms BullMQ's event stream is kept. Otherwise it would be kept for ever, although no process reads it and
 * it names text keys.
 */
const EVENTS_MS = 3_600_000;

/**
 * Runs the jobs of the queue of extractions, the lowest priority number first. Two rules keep slow files from delaying
 * others. While all places are taken, one extra place is opened for a file that is the only one of its user and
 * network. If all jobs have run for long and others wait, one job is put aside: it goes back to the end of the queue.
 */
export function consumeExtracts(options: ConsumerOptions): Consumer {
  const { connection, prefix = PREFIX, shards = 1, concurrency, briefMs = BRIEF_MS, onError } = options;
  const prefixes = prefixesOf(prefix, shards);
  const runs = createRuns();
  // `openWorker` is called only when a job waits, so after `consuming` got its value in the line below.
  const extra = createExtraPlace(connection, prefixes, (one) => openWorker(consuming, one, { isExtra: true }));
  const consuming: Consuming = { options, runs, extra, workers: [], isStopped: false };
  consuming.workers.push(...prefixes.map((one) => openWorker(consuming, one, { isExtra: false })));
  const isStopped = (): boolean => consuming.isStopped;
  const making = startMakingRoom({ connection, prefixes, concurrency, runs, extra, briefMs, isStopped, onError });
  let closing: Promise<void> | undefined;

  return {
    async ready() {
      await Promise.all(consuming.workers.map((worker) => worker.waitUntilReady()));
    },
    stop: () => stop(consuming),
    get active() {
      return runs.size;
    },
    waiting: async (most, everyMs) =>
      runs.regular < concurrency ? [] : firstWaiting(connection, prefixes, { most, everyMs }),
    idle: () => runs.idle(),
    [Symbol.asyncDispose]: () => (closing ??= stop(consuming).then(() => close(consuming, making))),
  };
}

interface Consuming {
  readonly options: ConsumerOptions;
  readonly runs: Runs;
  readonly extra: ExtraPlace;
  readonly workers: Worker[];
  isStopped: boolean;
}

function openWorker(consuming: Consuming, prefix: string, { isExtra }: { isExtra: boolean }): Worker {
  const { connection, concurrency, onError } = consuming.options;
  const process = (job: Job, token?: string): Promise<void> => handleJob(consuming, { job, token, prefix }, isExtra);
  const own = { connection, concurrency: isExtra ? 1 : concurrency, skipVersionCheck: true, prefix };
  const worker = new Worker(EXTRACT.queue, process, { ...own, ...TIMES });
  worker.on("error", onError);
  worker.on("failed", (_job, error) => onError(error));
  worker.on("completed", () => {
    connection.pexpire(`${prefix}:${EXTRACT.queue}:events`, EVENTS_MS, "NX").catch(onError);
  });
  return worker;
}

async function handleJob(consuming: Consuming, fetched: FetchedJob, isExtra: boolean): Promise<void> {
  const { options, runs, extra } = consuming;
  const { concurrency, longMs = LONG_MS } = options;
  const { job } = fetched;
  const run: Run = {
    isExtra,
    isOnly: isOnly(job.priority),
    begunAt: performance.now(),
    // A process with several places puts one long job aside, and its other jobs continue. A process with one place puts
    // its only job aside. So that this job ends at last, the time after which it counts as long doubles whenever it was
    // put aside.
    longMs: concurrency > 1 ? longMs : longMs * 2 ** asideOf(job.data),
    controller: new AbortController(),
  };
  runs.add(run);
  fetchOrNot(consuming);
  try {
    if (isExtra) await extra.shut(); // the extra place fetches nothing until `makeRoom` opens it again
    await dispose(options.connection, fetched, await decide(consuming, job, run));
  } finally {
    runs.remove(run);
    fetchOrNot(consuming);
  }
}

async function decide({ options, runs, isStopped }: Consuming, job: Job, run: Run): Promise<Disposition> {
  // The job goes back in three cases: `stop()` was called after the job was fetched; a job from another slot has taken
  // the last place; or the job in the extra place is not the only one of its user and network, because another process
  // has taken the file for which the place was opened.
  const isFull = run.isExtra ? !run.isOnly : runs.regular > options.concurrency;
  if (isStopped || isFull) return "hand-back";
  const parsed = parseJob(job.data);
  if (parsed.kind === "newer") return { laterMs: NEWER_RETRY_MS };
  if (parsed.kind === "bad") throw new JobsError("shape", `${EXTRACT.queue}: ${parsed.why}`);
  return options.handle(parsed.job, run.controller.signal, run.isOnly);
}

/**
 * Pauses the BullMQ workers while all places of this process are taken, and resumes them when a place is free. A BullMQ
 * worker fetches from one slot, and does not know of the jobs from other slots.
 */
function fetchOrNot({ options, runs, workers, isStopped }: Consuming): void {
  if (isStopped || workers.length === 1) return;
  const isFull = runs.regular >= options.concurrency;
  for (const worker of workers)
    if (worker.isPaused() !== isFull) void (isFull ? worker.pause(true) : worker.resume()).catch(options.onError);
}

async function stop(consuming: Consuming): Promise<void> {
  consuming.isStopped = true;
  await Promise.all([consuming.extra.shut(), ...consuming.workers.map((worker) => worker.pause(true))]);
}

async function close({ extra, workers }: Consuming, making: Disposable): Promise<void> {
  making[Symbol.dispose]();
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
