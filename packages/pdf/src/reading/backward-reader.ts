import { isPage, type Job, type PageReport } from "../child/messages.ts";
import type { CoreWatch } from "../children/core-watch.ts";
import type { Pool } from "../children/pool.ts";
import { runJob } from "../children/run-job.ts";

/**
 * What a second child has read of a file: this child reads backwards from the last page, while the first child reads
 * forwards from the first page.
 */
export interface BackwardReader {
  /**
   * The lowest number of a page that was read backwards; Infinity if there is none. All pages after it were read, too.
   */
  readonly firstPage: number;
  /** How many pages were read backwards. */
  readonly count: number;
  /** The reports on those pages after `page` that were read backwards, by ascending page number. */
  pagesAfter(page: number): PageReport[];
  /**
   * Asks the child to stop after its current page. The child then returns to the pool. From now on, `onPage` is not
   * called.
   */
  stop(): void;
}

export const NO_BACKWARD_READER: BackwardReader = {
  firstPage: Infinity,
  count: 0,
  pagesAfter: () => [],
  stop: () => undefined,
};

/**
 * If the current page takes longer than this many ms, the second child stops after it: its core is of more use for
 * other files.
 */
const SLOW_MS = 250;
/** A second child whose current page takes longer than this many ms is killed. */
const MAX_PAGE_MS = 1000;

interface Deps {
  readonly pool: Pool;
  readonly coreWatch: CoreWatch;
  readonly memoryBytes: number;
  readonly signal: AbortSignal;
  /** Called after each page that was read backwards, until the reader is stopped. */
  onPage(): void;
}

/**
 * Begins to read a file of `pages` pages backwards, if the pool has a child to spare. This child stops at a page that
 * takes long, or when the pool needs it. Its pages are used, and the first child reads all others, so the outcome is
 * the same with and without a second child.
 */
export function readBackwards(deps: Deps, job: Job, pages: number): BackwardReader {
  let [ended, stopped] = [false, false];
  const stop = (): void => {
    stopped = true;
    if (!ended) child?.stop();
  };
  const child = deps.pool.acquireSpare(stop);
  if (!child) return NO_BACKWARD_READER;
  const found: PageReport[] = [];
  let pageBegan = performance.now();
  const overdue = (): "busy" | undefined => {
    const ms = performance.now() - pageBegan;
    if (ms > SLOW_MS) stop();
    return ms > MAX_PAGE_MS ? "busy" : undefined;
  };

  async function collect(from: NonNullable<typeof child>): Promise<void> {
    let bytes = 0;
    for await (const report of runJob(from, { ...job, backwards: true }, { ...deps, overdue })) {
      if (isPage(report)) {
        pageBegan = performance.now();
        found.push(report);
        if (!stopped) deps.onPage();
        bytes += report.type === "page" ? Buffer.byteLength(report.text) : 0;
        if (bytes > job.maxTextBytes) return;
      } else if (typeof report !== "string" && report.type === "opened" && report.pages !== pages) return;
    }
  }
  void collect(child)
    .catch(() => undefined) // on an abort: the first child's job throws the reason, too
    .then(() => {
      ended = true;
      deps.pool.release(child);
    });
  return {
    get firstPage() {
      return found.at(-1)?.page ?? Infinity;
    },
    get count() {
      return found.length;
    },
    pagesAfter: (last) => found.filter(({ page }) => page > last).toReversed(),
    stop,
  };
}
