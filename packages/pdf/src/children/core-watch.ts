import { spawnSync } from "node:child_process";

/*
 * Detects children that get no CPU time. A started child has the scheduling policy "idle": it runs only on a core that
 * nothing else uses. If other processes keep every core busy for seconds, the child makes no progress, and its file
 * would fail as too slow. Raising the priority of a running process needs privileges. So a starved child is ended, and
 * for a while new children get the normal policy and nice 10, which is about a tenth of a busy core.
 */

/**
 * The interval of the checks. It is shorter than a stall's time, which has to cover the detection and another child's
 * work on the same page.
 */
const WINDOW_MS = 4000;
/** If the interval's timer fires this late, this process itself was suspended. */
const SUSPENDED_MS = 1000;
/** A process that uses less than this share of one core is starved. */
const STARVED_SHARE = 0.1;
const REMEMBER_MS = 60_000;
const PROBE_MS = 5000;
/**
 * The least time between quick starts in the long run. A start takes half a second of CPU time, so quick starts use
 * about a tenth of a core.
 */
const QUICK_START_EVERY_MS = 5000;
const QUICK_STARTS_AT_ONCE = 8;

/** A program of util-linux that runs the command after it, with the program's own arguments. */
export type Wrapper = readonly [file: string, ...args: string[]];

export interface WatchedProcess {
  /** The process runs only on cores that nothing else uses; false while it starts. */
  readonly idleOnly: boolean;
  /** The process's CPU time so far, in ms; NaN when unknown. */
  cpuMs(): number;
}

/**
 * What is known about the machine's cores and programs. A process needs one: an extractor and its OCR share it, so both
 * start their children in the same way.
 */
export interface CoreWatch {
  /** Whether a watched process got too little CPU time within the last minute. */
  coresAreFull(): boolean;
  /**
   * Watches a process that has work, until the returned function is called. `onStarved` is called at most once, and
   * only for a process that runs on idle cores only. For any other starved process, only `coresAreFull` changes.
   */
  watch(process: WatchedProcess, onStarved: () => void): () => void;
  /**
   * Whether a child that starts now keeps normal priority during its start. Counts the start. Returns false after many
   * starts within a short time, which happen when each file kills its child.
   */
  takeQuickStart(): boolean;
  /** Whether a wrapper is installed and permitted. Runs the wrapper the first time, and then keeps the result. */
  supports(wrapper: Wrapper): boolean;
}

export function createCoreWatch(): CoreWatch {
  const supported = new Map<Wrapper, boolean>();
  let fullUntil = -Infinity;
  let quickStarts = QUICK_STARTS_AT_ONCE;
  let countedAt = performance.now();

  return {
    coresAreFull: () => performance.now() < fullUntil,
    watch(watched, onStarved) {
      let before = watched.cpuMs();
      let lookedAt = performance.now();
      const interval = setInterval(() => {
        const [now, cpu] = [performance.now(), watched.cpuMs()];
        const suspended = now - lookedAt >= WINDOW_MS + SUSPENDED_MS;
        // Never starved when the CPU time is unknown. After a suspension, this process may not have read yet that the
        // work is done.
        const starved = cpu - before < STARVED_SHARE * WINDOW_MS && !suspended;
        [before, lookedAt] = [cpu, now];
        if (!starved) return;
        fullUntil = now + REMEMBER_MS;
        if (!watched.idleOnly) return;
        clearInterval(interval);
        onStarved();
      }, WINDOW_MS);
      return () => clearInterval(interval);
    },
    takeQuickStart() {
      const now = performance.now();
      quickStarts = Math.min(QUICK_STARTS_AT_ONCE, quickStarts + (now - countedAt) / QUICK_START_EVERY_MS);
      countedAt = now;
      if (quickStarts < 1) return false;
      quickStarts -= 1;
      return true;
    },
    supports(wrapper) {
      const known = supported.get(wrapper);
      if (known !== undefined) return known;
      const [file, ...args] = wrapper;
      const { status } = spawnSync(file, [...args, "true"], { stdio: "ignore", timeout: PROBE_MS });
      supported.set(wrapper, status === 0);
      return status === 0;
    },
  };
}
