import { setTimeout as sleep } from "node:timers/promises";
import type { Child } from "./child-process.ts";
import { createCoreWatch, type CoreWatch } from "./core-watch.ts";
import { createTurns } from "./turns.ts";

/**
 * Children that are warm, each for one file at a time. All of them start when the first file comes, and one that is not fit for
 * another file is replaced at once.
 */
export interface Pool extends AsyncDisposable {
  /**
   * Waits for a child that is free and ready. Urgent callers get the first, others in the order in which they came, and as
   * long as children start none of the reserve.
   * @throws the signal's reason; Error when the pool is closed.
   */
  acquire(signal: AbortSignal, isUrgent?: boolean): Promise<Child>;
  /** A child that no caller waits for, if there is one. `recall` is called, perhaps several times, when one does. */
  acquireSpare(recall: () => void): Child | undefined;
  /** Returns a child. One that was killed is replaced by a new one. */
  release(child: Child): void;
}

export interface PoolOptions {
  readonly coreWatch?: CoreWatch;
  /** So many more children start when the first is ready; as many are never spare. 0 by default. */
  readonly reserve?: number;
  /** A child that has read so many files is replaced: libraries leak memory. */
  readonly filesPerChild?: number;
}

const FILES_PER_CHILD = 200;
/** A start takes half a second of CPU time, at the lower priority on a twentieth of a core: only one that hangs takes longer. */
const START_MS = 60_000;
/** The wait after a child that could not be started: the machine may be able to start one later. */
const RESTART_MS = 200;
const CLOSED = "the extractor is closed";
/** A free child that holds more than this is replaced. */
const MAX_FREE_BYTES = 350 * 1024 * 1024;

/** @param start starts a child that, once ready, runs on idle cores only unless `coreWatch` says that cores are full. */
export function createPool(
  size: number,
  start: (coreWatch: CoreWatch) => Child,
  { coreWatch = createCoreWatch(), reserve = 0, filesPerChild = FILES_PER_CHILD }: PoolOptions = {},
): Pool {
  const free: Child[] = [];
  const files = new Map<Child, number>();
  const ready = new WeakSet<Child>();
  const recalls = new Map<Child, () => void>();
  /** Free children that are not ready, while somebody waits. */
  const starting = new Set<Child>();
  const turns = createTurns<Child>();
  let begun = false;
  let closed = false;

  function add(): void {
    if (closed) return;
    const child = start(coreWatch);
    child.ready.then(
      () => ready.add(child),
      () => undefined,
    );
    files.set(child, 0);
    free.push(child);
  }
  function drop(child: Child): void {
    files.delete(child);
    child.kill();
  }
  const isWarm = (child: Child): boolean => ready.has(child) && child.alive;
  function takeWarm(isUrgent: boolean): Child | undefined {
    const warm = free.filter(isWarm);
    const isReserved = !isUrgent && warm.length <= reserve && warm.length < free.length;
    const [child] = isReserved ? [] : warm;
    if (child) free.splice(free.indexOf(child), 1);
    return child;
  }
  /** Replaces free children that would be starved. */
  function replaceIdleOnly(): void {
    if (!coreWatch.coresAreFull()) return;
    for (const child of free.filter(({ idleOnly }) => idleOnly)) {
      free.splice(free.indexOf(child), 1);
      drop(child);
      add();
    }
  }
  function serve(): void {
    if (closed) return;
    if (turns.waiting > 0) replaceIdleOnly();
    turns.serve(takeWarm);
    if (turns.waiting === 0) return;
    for (const recall of recalls.values()) recall();
    for (const child of free) if (!isWarm(child) && !starting.has(child)) prepare(child).catch(turns.endAll);
  }
  /** Waits until a free child is ready, and replaces one that does not get so. @throws what `start` throws; those who wait get it. */
  async function prepare(child: Child): Promise<void> {
    starting.add(child);
    try {
      if (!ready.has(child)) await started(child, coreWatch);
      if (!child.alive) throw new Error("the child died");
    } catch {
      if (!free.includes(child)) return; // it was replaced
      free.splice(free.indexOf(child), 1);
      drop(child);
      await sleep(RESTART_MS);
      add();
    } finally {
      starting.delete(child);
      serve();
    }
  }
  function mayServeAgain(child: Child): boolean {
    // Once cores are idle again, a child that started while they were full has no right to its priority.
    const fitsCores = child.idleOnly || coreWatch.coresAreFull();
    return (
      fitsCores && child.alive && (files.get(child) ?? 0) < filesPerChild && child.memory() < MAX_FREE_BYTES && !closed
    );
  }

  return {
    async acquire(signal, isUrgent = false) {
      signal.throwIfAborted();
      if (closed) throw new Error(CLOSED);
      while (!begun && files.size < size) add();
      begun = true;
      const turn = turns.wait(signal, isUrgent);
      serve();
      const child = await turn;
      while (!closed && files.size < size + reserve) add();
      if (!signal.aborted) return child;
      free.push(child);
      serve();
      throw signal.reason;
    },
    acquireSpare(recall) {
      if (turns.waiting > 0 || free.length <= reserve || coreWatch.coresAreFull()) return undefined;
      const index = free.findIndex(isWarm);
      const [child] = index < 0 ? [] : free.splice(index, 1);
      if (child) recalls.set(child, recall);
      return child;
    },
    release(child) {
      recalls.delete(child);
      files.set(child, (files.get(child) ?? 0) + 1);
      if (mayServeAgain(child)) free.push(child);
      else {
        drop(child);
        add();
      }
      serve();
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      for (const child of files.keys()) child.kill();
      turns.endAll(new Error(CLOSED));
    },
  };
}

/** Resolves when a child is ready; throws when it dies or takes too long. */
async function started(child: Child, coreWatch: CoreWatch): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("the child did not start in time")), START_MS);
  const endWatch = coreWatch.watch(child, () => undefined);
  try {
    await Promise.race([child.ready, late.promise]);
  } finally {
    clearTimeout(timer);
    endWatch();
  }
}
