import type { Job } from "../child/messages.ts";
import type { CoreWatch } from "../children/core-watch.ts";
import type { Pool } from "../children/pool.ts";
import { runJob } from "../children/run-job.ts";
import { startStopwatch } from "../children/stopwatch.ts";
import type { EmbeddedPdf } from "../engines/page-engine.ts";
import type { ExtractInput, ExtractLimits } from "../port/extract.ts";

/**
 * How many PDFs embedded in one file are read at most, and how many bytes they have in all. PDFs that are embedded in
 * embedded PDFs are not read.
 */
const MAX = { files: 20, bytes: 64 * 1024 * 1024 } as const;

interface Deps {
  readonly pool: Pool;
  readonly coreWatch: CoreWatch;
  readonly limits: ExtractLimits;
}

/**
 * Returns the PDFs that are embedded in a file. If a child does not find all of them in the time for one page, the
 * others are left out. @throws the signal's reason.
 */
export async function embeddedIn(
  { pool, coreWatch, limits }: Deps,
  { bytes, password }: ExtractInput,
  signal: AbortSignal,
): Promise<EmbeddedPdf[]> {
  const { maxPages, maxTextBytes, memoryBytes, stallMs } = limits;
  const job: Job = { bytes, password, engine: "pdfium", maxPages, maxTextBytes, embedded: MAX };
  const found: EmbeddedPdf[] = [];
  const child = await pool.acquire(signal);
  const worked = startStopwatch(child);
  try {
    const overdue = (): "time" | undefined => (worked() > stallMs ? "time" : undefined);
    for await (const report of runJob(child, job, { signal, memoryBytes, coreWatch, overdue })) {
      if (typeof report !== "string" && report.type === "embedded") found.push(report);
    }
  } finally {
    pool.release(child);
  }
  return found;
}
