import { spawnSync } from "node:child_process";

/*
 * A child that has started runs at the scheduling policy "idle": only on a core that nothing else uses. Where other processes
 * keep every core busy for seconds, such a child makes no progress, and its file would end as too slow. Raising the priority
 * of a running process needs privileges, so a starved child is ended, and for a while new children get the policy of every
 * process and nice 10, which is about a tenth of a busy core.
 */

/** Shorter than a stall's time, which has to hold the detection and another child's work on the same page. */
const WINDOW_MS = 4000;
/** An interval that fires this much later than it should: this process was suspended itself. */
const SUSPENDED_MS = 1000;
/** Of one core. */
const STARVED_SHARE = 0.1;
const REMEMBER_MS = 60_000;
const PROBE_MS = 5000;
/** A start takes half a second of a core: in the long run a tenth of one goes into quick starts. */
const QUICK_START_EVERY_MS = 5000;
const QUICK_STARTS_AT_ONCE = 8;

/** A program of util-linux that starts what follows it, with its arguments. */
export type Wrapper = readonly [file: string, ...args: string[]];

export interface WatchedProcess {
  /** It runs only on cores that nothing else uses; false as long as it starts. */
  readonly idleOnly: boolean;
  /** Its CPU time so far, in ms; NaN when it is not known. */
  cpuMs(): number;
}

/**
 * What is known of the machine's cores and programs. One per process is enough: an extractor and its OCR share one, so
 * that both start their children in the same way.
 */
export interface CoreWatch {
  /** Whether a watched process got too little CPU time within the last minute. */
  coresAreFull(): boolean;
  /**
   * Watches a process that has work, until the returned function is called. `onStarved` is called at most once, and only
   * for a process that runs on idle cores only; of any other it is but remembered that cores are full.
   */
  watch(process: WatchedProcess, onStarved: () => void): () => void;
  /**
   * Whether a child that starts now keeps the priority of every process meanwhile. Counts it; false after many starts within a
   * short time, as when each file kills its child.
   */
  takeQuickStart(): boolean;
  /** Whether a wrapper is installed and permitted. Runs it the first time; the result is kept. */
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
        // False when the CPU time is not known. A process that was suspended may not have read yet that the work is done.
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
