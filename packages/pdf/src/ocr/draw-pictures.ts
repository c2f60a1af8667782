import type { Figure, FiguresWanted, Job } from "../child/messages.ts";
import type { CoreWatch } from "../children/core-watch.ts";
import type { Pool } from "../children/pool.ts";
import { runJob } from "../children/run-job.ts";
import { startStopwatch } from "../children/stopwatch.ts";
import type { ExtractInput, ExtractLimits } from "../port/extract.ts";
import type { Rotation } from "../text/rotation.ts";

export interface Drawers {
  readonly pool: Pool;
  readonly limits: ExtractLimits;
  readonly coreWatch: CoreWatch;
}

/** The figures of a page; none if they cannot be drawn. */
export interface PageFigures {
  readonly page: number;
  readonly figures: readonly Figure[];
}

/**
 * Draws a page in a child process, turned clockwise by `rotation` quarter turns. Returns a PGM file; undefined if PDFium
 * cannot draw the page.
 * @throws the reason of `signal`, at whose abort the child is killed.
 */
export async function drawPage(
  deps: Drawers,
  input: ExtractInput,
  draw: { readonly page: number; readonly rotation: Rotation },
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  return (await runDrawing(deps, input, { draw }, signal)).pgm;
}

/**
 * Draws the figures of pages in a child process, one page after another. Returns the pages that were drawn or cannot be
 * drawn. The last of the wanted pages are left out if the pictures would have too many bytes, or if a page takes too long.
 * @throws the reason of `signal`, at whose abort the child is killed.
 */
export async function drawFigures(
  deps: Drawers,
  input: ExtractInput,
  wanted: FiguresWanted,
  signal: AbortSignal,
): Promise<readonly PageFigures[]> {
  return (await runDrawing(deps, input, { drawFigures: wanted }, signal)).pages;
}

async function runDrawing(
  deps: Drawers,
  input: ExtractInput,
  what: Pick<Job, "draw" | "drawFigures">,
  signal: AbortSignal,
): Promise<{ readonly pgm: Uint8Array | undefined; readonly pages: readonly PageFigures[] }> {
  const { pool, coreWatch } = deps;
  const { maxPages, maxTextBytes, memoryBytes, stallMs } = deps.limits;
  const { bytes, password } = input;
  const job: Job = { bytes, password, engine: "pdfium", maxPages, maxTextBytes, ...what };
  const child = await pool.acquire(signal);
  const pages: PageFigures[] = [];
  let pgm: Uint8Array | undefined;
  let starved = false;
  const worked = startStopwatch(child);
  let workedBefore = 0;
  try {
    // Only the processor time of a page is measured here. When the wall-clock time is over, `signal` ends the job.
    const overdue = (): "time" | undefined => (worked() - workedBefore > stallMs ? "time" : undefined);
    const watch = { signal, memoryBytes, coreWatch, overdue };
    for await (const report of runJob(child, job, watch)) {
      workedBefore = worked();
      starved = report === "starved";
      if (typeof report === "string") continue;
      if (report.type === "picture") ({ pgm } = report);
      else if (report.type === "figures") pages.push(report);
      else if (report.type === "lost") pages.push({ page: report.page, figures: [] });
    }
  } finally {
    pool.release(child);
  }
  return starved ? runDrawing(deps, input, what, signal) : { pgm, pages };
}
