import { spawnSync } from "node:child_process";

/*
 * Detects children that get no CPU time. A child that has started has the scheduling policy "idle": it runs only on a
 * core that nothing else uses. If other processes keep every core busy for seconds, the child makes no progress, and
 * its file would fail as too slow. Raising the priority of a running process needs privileges. So a starved child is
 * ended, and for a minute new children get the normal policy and nice 10, which is about a tenth of a busy core.
 */

/**
 * The interval of the checks, in ms. It is shorter than the time that a page may take, because detecting starvation and
 * reading the page in another child must both fit into that time.
 */
const WINDOW_MS = 4000;
/**
 * If the timer of the checks fires this many ms late, this process itself was suspended, and the check is not valid.
 */
const SUSPENDED_MS = 1000;
/** A process that gets less than this part of one core is starved. */
const STARVED_SHARE = 0.1;
const REMEMBER_MS = 60_000;
const PROBE_MS = 5000;
/**
 * A quick start is a start with normal priority. In the long run, one quick start is allowed in this many ms. A start
 * takes half a second of CPU time, so quick starts use about a tenth of a core.
 */
const QUICK_START_EVERY_MS = 5000;
const QUICK_STARTS_AT_ONCE = 8;

/**
 * A command of util-linux that runs another command: the program's name and its own arguments. The other command
 * follows them.
 */
export type Wrapper = readonly [file: string, ...args: string[]];

export interface WatchedProcess {
  /** Whether the process runs only on cores that nothing else uses; false while it starts. */
  readonly idleOnly: boolean;
  /** The process's CPU time so far, in ms; NaN when unknown. */
  cpuMs(): number;
}

/**
 * What this process knows about the machine's cores and installed programs. There is one CoreWatch in a process: an
 * extractor and its OCR share it, so that both start their children in the same way.
 */
export interface CoreWatch {
  /** Whether a watched process got too little CPU time within the last minute. */
  coresAreFull(): boolean;
  /**
   * Watches a process that has work to do, until the returned function is called. If the process is starved,
   * `coresAreFull` returns true for a minute. If the starved process also runs on idle cores only, `onStarved` is
   * called, once.
   */
  watch(process: WatchedProcess, onStarved: () => void): () => void;
  /**
   * Whether a child that starts now may keep normal priority while it starts. Each call counts as a start. Returns
   * false after many starts within a short time, for example if every file kills its child.
   */
  takeQuickStart(): boolean;
  /**
   * Whether this wrapper is installed and permitted, and a process that the wrapper starts can read the files. The
   * first call for a wrapper tries it; later calls return the same result.
   */
  supports(wrapper: Wrapper, files: readonly string[]): boolean;
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
        // If the CPU time is unknown (NaN), the process never counts as starved. If this process was suspended, the
        // watched process does not count as starved either: it may have done its work and reported that, but this
        // process has not read the report yet.
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
    supports(wrapper, files) {
      const known = supported.get(wrapper);
      if (known !== undefined) return known;
      const [file, ...args] = wrapper;
      const areReadable = files.flatMap((path, index) => [...(index > 0 ? ["-a"] : []), "-r", path]);
      const { status } = spawnSync(file, [...args, "test", ...areReadable], { stdio: "ignore", timeout: PROBE_MS });
      supported.set(wrapper, status === 0);
      return status === 0;
    },
  };
}
