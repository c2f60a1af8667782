import { isPage, type Job, type PageReport } from "../child/messages.ts";
import type { Pool } from "../children/pool.ts";
import { runJob, type Watch } from "../children/run-job.ts";

/** Somebody who reads a file from its last page on, to save the one who reads it from its first page the half of it. */
export interface Helper {
  /** All pages from this one on have been read. */
  readonly first: number;
  /** How many these are. */
  readonly count: number;
  /** What was read behind a page, in the order of the pages. */
  pagesAfter(page: number): PageReport[];
  /** Enough; the child goes back to its pool. */
  stop(): void;
}

/** Nobody. */
export const NO_HELP: Helper = { first: Infinity, count: 0, pagesAfter: () => [], stop: () => undefined };

/** One that a page takes so long is sent away after it: text of others may want its core, and nobody needs it. */
const SLOW_MS = 250;
/** One that is not back by then is killed. */
const PATIENCE_MS = 1000;

/**
 * Sends a child that nobody else wants, if there is one, to read a file backwards. It gives up where the file is hard, or
 * when its child is wanted: what it has read by then is good, and whoever reads from the front reads the rest. So the
 * outcome is the same with it and without.
 */
export function helpFromEnd(
  pool: Pool,
  job: Job,
  { pages, memoryBytes, signal }: { pages: number; memoryBytes: number; signal: AbortSignal },
): Helper {
  let over = false;
  const stop = (): void => {
    if (!over) child?.stop();
  };
  const child = pool.spare(stop);
  if (!child) return NO_HELP;
  const found: PageReport[] = [];
  let since = performance.now();
  let bytes = 0;
  const watch: Watch = {
    signal,
    memoryBytes,
    isLate(now) {
      if (now - since > SLOW_MS) stop();
      return now - since > PATIENCE_MS;
    },
    take(what) {
      if (typeof what === "string") return true;
      if (what.type === "opened") return what.pages !== pages;
      if (!isPage(what)) return true;
      since = performance.now();
      found.push(what);
      bytes += what.type === "page" ? Buffer.byteLength(what.text) : 0;
      return bytes > job.maxTextBytes;
    },
  };
  void runJob(child, { ...job, backwards: true }, watch)
    .catch(() => false) // aborted
    .then((fit) => {
      over = true;
      pool.give(child, fit);
    });
  return {
    get first() {
      return found.at(-1)?.page ?? Infinity;
    },
    get count() {
      return found.length;
    },
    pagesAfter: (last) => found.filter(({ page }) => page > last).toReversed(),
    stop,
  };
}
