import type { ExtractInput, ExtractLimits, ExtractOptions } from "../port/extract.ts";
import { pageText } from "../text/layout.ts";
import type { Job } from "../child/messages.ts";
import type { CoreWatch } from "../children/core-watch.ts";
import type { Pool } from "../children/pool.ts";
import { addRecognised, scansOf, type Reading } from "../reading/reading.ts";
import type { Rotation } from "../text/rotation.ts";
import { readPage, USUAL } from "./read-page.ts";
import type { Recogniser } from "./recogniser.ts";
import { SCANNED, wordLines } from "./word-lines.ts";
import { runJob } from "../children/run-job.ts";
import { startStopwatch } from "../children/stopwatch.ts";

/**
 * OCR, with the time limits for one page (`pageMs`) and for all pages of a file (`timeoutMs`), in ms of wall-clock
 * time.
 */
export interface Ocr {
  readonly recogniser: Recogniser;
  readonly pageMs: number;
  readonly timeoutMs: number;
}

interface Deps {
  readonly pool: Pool;
  readonly ocr: Ocr;
  readonly limits: ExtractLimits;
  readonly coreWatch: CoreWatch;
}

/**
 * Reads the scanned pages of a file by OCR, one after another, and adds their texts to `reading`. PDFium draws a page
 * in one child process, and the recogniser reads the picture in another process. A page that takes too long or cannot
 * be drawn stays missing, and so do all further pages once `timeoutMs` is over. `onPage` is called after each page that
 * was tried.
 */
export async function readScans(
  deps: Deps,
  reading: Reading,
  input: ExtractInput,
  { signal, onPage }: ExtractOptions,
): Promise<void> {
  const { ocr, limits } = deps;
  const deadline = performance.now() + ocr.timeoutMs;
  let manner = USUAL;
  for (const page of scansOf(reading)) {
    const left = Math.min(ocr.pageMs, deadline - performance.now());
    if (left <= 0 || reading.end === "output") break;
    const pageSignal = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(left))]);
    try {
      const draw = (rotation: Rotation): Promise<Uint8Array | undefined> =>
        drawPage(deps, input, { page, rotation, signal: pageSignal });
      const read = await readPage(ocr.recogniser, draw, { manner, signal: pageSignal });
      if (read) addRecognised(reading, page, pageText(wordLines(read.words), SCANNED), limits);
      if (read) ({ manner } = read);
    } catch {
      signal.throwIfAborted();
      // The time for the page is over, or a process that draws or recognises it has ended. The outcome lists the page
      // as missing.
    }
    signal.throwIfAborted();
    if (reading.total !== undefined) onPage?.(page, reading.total);
  }
}

/** A page's picture as a PGM file, or undefined when PDFium cannot draw it. */
async function drawPage(
  deps: Deps,
  input: ExtractInput,
  which: { readonly page: number; readonly rotation: Rotation; readonly signal: AbortSignal },
): Promise<Uint8Array | undefined> {
  const { page, rotation, signal } = which;
  const { pool, coreWatch } = deps;
  const { maxPages, maxTextBytes, memoryBytes, stallMs } = deps.limits;
  const job: Job = {
    bytes: input.bytes,
    password: input.password,
    engine: "pdfium",
    maxPages,
    maxTextBytes,
    draw: { page, rotation },
  };
  const child = await pool.acquire(signal);
  let pgm: Uint8Array | undefined;
  let starved = false;
  const worked = startStopwatch(child);
  try {
    // Only processor time is measured here. When the wall-clock time for the page is over, `signal` ends the job.
    const overdue = (): "time" | undefined => (worked() > stallMs ? "time" : undefined);
    const watch = { signal, memoryBytes, coreWatch, overdue };
    for await (const report of runJob(child, job, watch)) {
      starved = report === "starved";
      if (typeof report !== "string" && report.type === "picture") ({ pgm } = report);
    }
  } finally {
    pool.release(child);
  }
  return starved ? drawPage(deps, input, which) : pgm;
}
