import { setTimeout as sleep } from "node:timers/promises";
import type { Child } from "./child-process.ts";
import { createCoreWatch, type CoreWatch } from "./core-watch.ts";
import { createTurns, type Turns } from "./turns.ts";

/**
 * Child processes, each of which reads one file at a time. They are started when the first file comes, and then wait
 * for files. A child that cannot be used for another file is replaced at once.
 */
export interface Pool extends AsyncDisposable {
  /**
   * Waits for a child that is free and ready. Urgent callers are served first, the others in order of arrival. While
   * some children still start, a caller that is not urgent gets no child if only `reserve` children or fewer are ready
   * and free.
   * @throws the signal's reason; Error when the pool is closed or a child cannot be started.
   */
  acquire(signal: AbortSignal, isUrgent?: boolean): Promise<Child>;
  /**
   * Returns a free child, for a caller that could also do without; undefined if there is none to spare. As soon as
   * another caller has to wait, the pool calls `recall`, perhaps several times: then return the child soon.
   */
  acquireSpare(recall: () => void): Child | undefined;
  release(child: Child): void;
}

export interface PoolOptions {
  readonly coreWatch?: CoreWatch;
  /**
   * How many children are started in addition to `size`, once a first child was handed out. `acquireSpare` never takes
   * the last `reserve` free children. Default: 0.
   */
  readonly reserve?: number;
  /**
   * After this many files a child is replaced, because its libraries leak memory: as soon as its successor is ready, and
   * at the latest after twice as many files. Default: 200.
   */
  readonly filesPerChild?: number;
}

const FILES_PER_CHILD = 200;
/**
 * How many ms a start may take. A start takes half a second of CPU time, and even at nice 10 a child gets a twentieth of
 * a core. So only a start that hangs takes longer than this, or one in the background while all cores are busy: then the
 * next return of the child that is to be replaced begins another start.
 */
const START_MS = 60_000;
/**
 * How many ms to wait after a failed start before another child is started, because the machine may be able to start a
 * child later.
 */
const RESTART_MS = 200;
const CLOSED = "the extractor is closed";
/** A child that uses more bytes of memory than this when it becomes free is replaced. */
const MAX_FREE_BYTES = 350 * 1024 * 1024;

/**
 * @param start starts a child. `coreWatch` decides whether the child runs only on idle cores. `inBackground`: no file
 * waits for the child, so that even its start may wait for idle cores.
 */
export function createPool(
  size: number,
  start: (coreWatch: CoreWatch, inBackground: boolean) => Child,
  { coreWatch = createCoreWatch(), reserve = 0, filesPerChild = FILES_PER_CHILD }: PoolOptions = {},
): Pool {
  const pool: State = {
    most: size + reserve,
    start: (inBackground) => start(coreWatch, inBackground),
    coreWatch,
    reserve,
    filesPerChild,
    free: [],
    files: new Map(),
    ready: new WeakSet(),
    recalls: new Map(),
    starting: new Set(),
    successor: undefined,
    retired: new Set(),
    turns: createTurns<Child>(),
    begun: false,
    closed: false,
  };

  return {
    async acquire(signal, isUrgent = false) {
      signal.throwIfAborted();
      if (pool.closed) throw new Error(CLOSED);
      while (!pool.begun && pool.files.size < size) add(pool);
      pool.begun = true;
      const turn = pool.turns.wait(signal, isUrgent);
      serve(pool);
      const child = await turn;
      addReserve(pool);
      if (!signal.aborted) return child;
      pool.free.push(child);
      serve(pool);
      throw signal.reason;
    },
    acquireSpare(recall) {
      // While a retired child still reads a file, one child more is free than otherwise. It stays free, so that the files
      // that are read at the same time need no more memory than those of `size + reserve` children.
      const kept = reserve + pool.retired.size;
      if (pool.turns.waiting > 0 || pool.free.length <= kept || coreWatch.coresAreFull()) return undefined;
      const index = pool.free.findIndex((child) => isWarm(pool, child));
      const [child] = index < 0 ? [] : pool.free.splice(index, 1);
      if (child) pool.recalls.set(child, recall);
      return child;
    },
    release(child) {
      pool.recalls.delete(child);
      pool.files.set(child, (pool.files.get(child) ?? 0) + 1);
      if (pool.retired.delete(child)) drop(pool, child);
      else if (mayServeAgain(pool, child)) {
        pool.free.unshift(child);
        if (hasReadEnough(pool, child)) void replaceInBackground(pool, child);
      } else {
        drop(pool, child);
        add(pool);
      }
      serve(pool);
    },
    async [Symbol.asyncDispose]() {
      pool.closed = true;
      for (const child of pool.files.keys()) child.kill();
      pool.successor?.kill();
      pool.turns.endAll(new Error(CLOSED));
    },
  };
}

interface State {
  /** How many children there are, not counting the retired ones. */
  readonly most: number;
  readonly start: (inBackground: boolean) => Child;
  readonly coreWatch: CoreWatch;
  readonly reserve: number;
  readonly filesPerChild: number;
  /**
   * The free children. The child that was returned last is first, and is handed out first: V8 has compiled more of its
   * code than of the other children's, so it is the fastest.
   */
  readonly free: Child[];
  /** All children, and how many files each of them has read. */
  readonly files: Map<Child, number>;
  readonly ready: WeakSet<Child>;
  /** For each child that `acquireSpare` has handed out: the function that asks for the return of this child. */
  readonly recalls: Map<Child, () => void>;
  /** Free children that are not ready yet, and whose start is being watched. */
  readonly starting: Set<Child>;
  /**
   * A child that will take the place of a child that has read enough files. It starts in the background, unless the cores
   * are full.
   */
  successor: Child | undefined;
  /** Children whose successor is ready, and which end when they are returned. */
  readonly retired: Set<Child>;
  readonly turns: Turns<Child>;
  begun: boolean;
  closed: boolean;
}

function add(pool: State): void {
  if (pool.closed) return;
  const child = pool.start(false);
  child.ready.then(
    () => pool.ready.add(child),
    () => undefined,
  );
  pool.files.set(child, 0);
  pool.free.push(child);
}

function addReserve(pool: State): void {
  try {
    while (!pool.closed && hasRoom(pool)) add(pool);
  } catch {
    // The caller has its child and needs no other one. The next caller's call tries again.
  }
}

function hasRoom({ files, retired, most }: State): boolean {
  return files.size - retired.size < most;
}

function drop(pool: State, child: Child): void {
  pool.files.delete(child);
  child.kill();
}

function isWarm(pool: State, child: Child): boolean {
  return pool.ready.has(child) && child.alive;
}

function takeWarm(pool: State, isUrgent: boolean): Child | undefined {
  const warm = pool.free.filter((child) => isWarm(pool, child));
  const isReserved = !isUrgent && warm.length <= pool.reserve && warm.length < pool.free.length;
  const [child] = isReserved ? [] : warm;
  if (child) pool.free.splice(pool.free.indexOf(child), 1);
  return child;
}

/**
 * If the cores are full (see `coresAreFull`), replaces those free children that run only on idle cores by children with
 * a higher priority.
 */
function replaceIdleOnly(pool: State): void {
  if (!pool.coreWatch.coresAreFull()) return;
  for (const child of pool.free.filter(({ idleOnly }) => idleOnly)) {
    add(pool); // before the drop: if no child can be started, the pool keeps the one that it has
    pool.free.splice(pool.free.indexOf(child), 1);
    drop(pool, child);
  }
}

function serve(pool: State): void {
  if (pool.closed) return;
  try {
    if (pool.turns.waiting > 0) replaceIdleOnly(pool);
  } catch (error) {
    return pool.turns.endAll(error); // no child can be started
  }
  pool.turns.serve((isUrgent) => takeWarm(pool, isUrgent));
  if (pool.turns.waiting === 0) return;
  for (const recall of pool.recalls.values()) recall();
  for (const child of pool.free)
    if (!isWarm(pool, child) && !pool.starting.has(child)) prepare(pool, child).catch(pool.turns.endAll);
}

/**
 * Waits until a free child is ready. Replaces the child if it does not become ready.
 * @throws the error of `start`.
 */
async function prepare(pool: State, child: Child): Promise<void> {
  pool.starting.add(child);
  try {
    if (!pool.ready.has(child)) await started(child, pool.coreWatch);
    if (!child.alive) throw new Error("the child died");
  } catch {
    if (!pool.free.includes(child)) return; // the child was replaced already
    pool.free.splice(pool.free.indexOf(child), 1);
    drop(pool, child);
    await sleep(RESTART_MS);
    if (hasRoom(pool)) add(pool); // if there is no room, a caller has added a child meanwhile
  } finally {
    pool.starting.delete(child);
    serve(pool);
  }
}

function hasReadEnough(pool: State, child: Child, times = 1): boolean {
  return (pool.files.get(child) ?? 0) >= times * pool.filesPerChild;
}

/**
 * Starts the successor of a child that has read enough files. Until the successor is ready, the child reads more files,
 * so that no file waits for the start. If the start fails, the next return of the child begins another one.
 */
async function replaceInBackground(pool: State, child: Child): Promise<void> {
  if (pool.successor || pool.closed) return;
  let successor: Child | undefined;
  try {
    successor = pool.successor = pool.start(!pool.coreWatch.coresAreFull());
    await readyInTime(successor);
    if (pool.closed || !pool.files.has(child)) throw new Error("the child needs no successor any more");
    pool.ready.add(successor);
    pool.files.set(successor, 0);
    pool.free.push(successor);
    const index = pool.free.indexOf(child);
    if (index < 0) pool.retired.add(child);
    else {
      pool.free.splice(index, 1);
      drop(pool, child);
    }
  } catch {
    successor?.kill();
  } finally {
    pool.successor = undefined;
    serve(pool);
  }
}

function mayServeAgain(pool: State, child: Child): boolean {
  // While the cores are full (see `coresAreFull`), children start with a higher priority. Such a child is replaced once
  // the cores are no longer full.
  const fitsCores = child.idleOnly || pool.coreWatch.coresAreFull();
  return fitsCores && child.alive && !hasReadEnough(pool, child, 2) && child.memory() < MAX_FREE_BYTES && !pool.closed;
}

async function started(child: Child, coreWatch: CoreWatch): Promise<void> {
  // If the child is starved while it starts, the watch notes that the cores are full, so that new children start with a
  // higher priority.
  const endWatch = coreWatch.watch(child, () => undefined);
  try {
    await readyInTime(child);
  } finally {
    endWatch();
  }
}

async function readyInTime(child: Child): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("the child did not start in time")), START_MS);
  try {
    await Promise.race([child.ready, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
