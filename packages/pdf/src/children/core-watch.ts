import { spawnSync } from "node:child_process";

/*
 * Finds children that get no processor time. Normally a child has the scheduling policy "idle": it runs only on a core
 * that no other program uses. If other programs keep all cores busy for seconds, such a child makes no progress, and
 * its file would be refused as too slow. The child's priority cannot be raised without privileges. So the starved child
 * is ended, and for a minute new children start with the normal policy and nice 10, which gives them about a tenth of a
 * busy core.
 */

/**
 * The interval of the checks, in ms. The time that a page may take must be longer than this: within that time a starved
 * child must be found, and another child must read the page.
 */
const WINDOW_MS = 4000;
/** If a check comes this many ms late, this process was suspended, and the check finds no process starved. */
const SUSPENDED_MS = 1000;
/** A process that gets less than this part of a core between two checks is starved. */
const STARVED_SHARE = 0.1;
const REMEMBER_MS = 60_000;
const PROBE_MS = 5000;
/**
 * A quick start is the start of a child with normal priority. After `QUICK_STARTS_AT_ONCE` quick starts, one is allowed
 * in this many ms. As a start takes half a second of processor time, quick starts then take a tenth of a core.
 */
const QUICK_START_EVERY_MS = 5000;
const QUICK_STARTS_AT_ONCE = 8;

/** A program of util-linux and its arguments. Followed by a command, they run this command with fewer rights. */
export type Wrapper = readonly [file: string, ...args: string[]];

export interface WatchedProcess {
  /** Whether the process runs only on cores that no other program uses; false until it is ready. */
  readonly idleOnly: boolean;
  /** The processor time that the process has used so far, in ms; NaN when unknown. */
  cpuMs(): number;
}

/**
 * Finds out whether other programs use all cores, and which wrappers of util-linux are installed and permitted. An
 * extractor and its OCR share one CoreWatch, so that both start their children in the same way.
 */
export interface CoreWatch {
  /**
   * Whether the cores are full: within the last minute, at least one watched process was starved (got almost no
   * processor time). New children then start with a higher priority.
   */
  coresAreFull(): boolean;
  /**
   * Watches a process that has work to do, until the returned function is called. If the process is starved,
   * `coresAreFull` returns true for a minute. In addition, `onStarved` is called, once, if this process runs only on
   * idle cores.
   */
  watch(process: WatchedProcess, onStarved: () => void): () => void;
  /**
   * Called once for each child that starts, unless it starts in the background. Returns whether this child may start with normal priority; false after many
   * starts within a short time, as when every file kills its child.
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
        // A process with an unknown CPU time (NaN) never counts as starved. Nor does any process if this process was
        // suspended: the watched process may have done its work meanwhile, and its reports were not read yet.
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
