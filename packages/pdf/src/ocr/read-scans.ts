import { estimatedLines, ESTIMATED } from "../text/estimated-lines.ts";
import type { ExtractInput, ExtractLimits, ExtractOptions } from "../port/extract.ts";
import { pageText } from "../text/layout.ts";
import type { Pool } from "../children/pool.ts";
import { recognised, scansOf, type Reading } from "../reading/reading.ts";
import type { Recogniser } from "./recogniser.ts";
import { runJob } from "../children/run-job.ts";

/** OCR and how long it may take, in ms: for a page, and for all pages of a file. */
export interface Ocr {
  readonly recogniser: Recogniser;
  readonly pageMs: number;
  readonly timeoutMs: number;
}

interface Deps {
  readonly pool: Pool;
  readonly ocr: Ocr;
  readonly limits: ExtractLimits;
}

/**
 * Reads the scans among a file's pages by OCR, one after the other: PDFium draws a page in a child, the recogniser reads
 * it in another process. A page that takes too long or cannot be drawn stays missing; so do the rest once the time for
 * the file is up. Progress is told anew for each of them.
 */
export async function readScans(
  { pool, ocr, limits }: Deps,
  reading: Reading,
  input: ExtractInput,
  { signal, onPage }: ExtractOptions,
): Promise<Reading> {
  const deadline = performance.now() + ocr.timeoutMs;
  let state = reading;
  for (const page of scansOf(reading)) {
    const left = Math.min(ocr.pageMs, deadline - performance.now());
    if (left <= 0 || state.end === "output") break;
    const patience = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(left))]);
    try {
      const pgm = await drawn({ pool, ocr, limits }, input, page, patience);
      if (pgm) {
        const text = pageText(estimatedLines(await ocr.recogniser.recognise(pgm, patience)), ESTIMATED);
        state = recognised(state, page, text, limits);
      }
    } catch {
      signal.throwIfAborted();
      // Out of time, or its process died of it: the page stays missing, and the outcome says so.
    }
    if (state.total !== undefined) onPage?.(page, state.total);
  }
  return state;
}

/** A page's picture, or undefined when PDFium cannot draw it. */
async function drawn(
  deps: Deps,
  input: ExtractInput,
  page: number,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const { pool, limits } = deps;
  const { bytes, password } = input;
  const { maxPages, maxTextBytes, memoryBytes, stallMs } = limits;
  const child = await pool.take(signal);
  const begun = performance.now();
  let pgm: Uint8Array | undefined;
  let fit = false;
  let starved = false;
  try {
    fit = await runJob(
      child,
      { bytes, password, engine: "pdfium", maxPages, maxTextBytes, draw: page },
      {
        signal,
        memoryBytes,
        isLate: (now) => now - begun > stallMs,
        take(what) {
          starved = what === "starved";
          if (typeof what === "string") return true;
          if (what.type === "picture") ({ pgm } = what);
          return what.type === "done" || what.type === "failed";
        },
      },
    );
  } finally {
    pool.give(child, fit);
  }
  return starved ? drawn(deps, input, page, signal) : pgm;
}
