import type { Job } from "../child/messages.ts";
import type { CoreWatch } from "../children/core-watch.ts";
import type { Pool } from "../children/pool.ts";
import { runJob } from "../children/run-job.ts";
import { startStopwatch } from "../children/stopwatch.ts";
import type { ExtractInput, ExtractLimits } from "../port/extract.ts";

export interface Drawers {
  readonly pool: Pool;
  readonly limits: ExtractLimits;
  readonly coreWatch: CoreWatch;
}

/**
 * Draws a page, or each of its figures, in a child process. Returns PGM files; none if PDFium cannot draw the page.
 * @throws the reason of `signal`, at whose abort the child is killed.
 */
export async function drawPictures(
  deps: Drawers,
  input: ExtractInput,
  what: Pick<Job, "draw" | "drawFigures">,
  signal: AbortSignal,
): Promise<Uint8Array[]> {
  const { pool, coreWatch } = deps;
  const { maxPages, maxTextBytes, memoryBytes, stallMs } = deps.limits;
  const { bytes, password } = input;
  const job: Job = { bytes, password, engine: "pdfium", maxPages, maxTextBytes, ...what };
  const child = await pool.acquire(signal);
  const pictures: Uint8Array[] = [];
  let starved = false;
  const worked = startStopwatch(child);
  try {
    // Only processor time is measured here. When the wall-clock time for the page is over, `signal` ends the job.
    const overdue = (): "time" | undefined => (worked() > stallMs ? "time" : undefined);
    const watch = { signal, memoryBytes, coreWatch, overdue };
    for await (const report of runJob(child, job, watch)) {
      starved = report === "starved";
      if (typeof report !== "string" && report.type === "picture") pictures.push(report.pgm);
    }
  } finally {
    pool.release(child);
  }
  return starved ? drawPictures(deps, input, what, signal) : pictures;
}
