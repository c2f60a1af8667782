import { isPage, type Job, type PageReport } from "../child/messages.ts";
import type { CoreWatch } from "../children/core-watch.ts";
import type { Pool } from "../children/pool.ts";
import { runJob } from "../children/run-job.ts";

/** A second child that reads a file from its last page on, while the first one reads it from its first page. */
export interface BackwardReader {
  /** All pages from this one on have been read. */
  readonly firstPage: number;
  /** How many these are. */
  readonly count: number;
  /** The reports of the pages after a page, in the order of the pages. */
  pagesAfter(page: number): PageReport[];
  /** Asks the child to end after its page; it then goes back to the pool. */
  stop(): void;
}

export const NO_BACKWARD_READER: BackwardReader = {
  firstPage: Infinity,
  count: 0,
  pagesAfter: () => [],
  stop: () => undefined,
};

/** After a page that takes longer the child stops: its core is of more use to other files. */
const SLOW_MS = 250;
/** A child that has not finished its page by then is killed. */
const MAX_PAGE_MS = 1000;

interface Deps {
  readonly pool: Pool;
  readonly coreWatch: CoreWatch;
  readonly memoryBytes: number;
  readonly signal: AbortSignal;
}

/**
 * Has a file of so many pages read backwards if the pool has a child to spare. The child stops where the file is hard, or
 * when the pool needs it. What it has read by then is used, and the first child reads the rest: so the outcome is the same
 * with a second child and without.
 */
export function readBackwards(deps: Deps, job: Job, pages: number): BackwardReader {
  let ended = false;
  const stop = (): void => {
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
        bytes += report.type === "page" ? Buffer.byteLength(report.text) : 0;
        if (bytes > job.maxTextBytes) return;
      } else if (typeof report !== "string" && report.type === "opened" && report.pages !== pages) return;
    }
  }
  void collect(child)
    .catch(() => undefined) // aborted, like the first child
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
