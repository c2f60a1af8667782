import type { ExtractInput, ExtractOptions } from "../port/extract.ts";
import { pageText } from "../text/layout.ts";
import { addRecognised, scansOf, type Reading } from "../reading/reading.ts";
import type { Rotation } from "../text/rotation.ts";
import { drawPage, type Drawers } from "./draw-pictures.ts";
import { readPage, USUAL } from "./read-page.ts";
import type { Recogniser } from "./recogniser.ts";
import { SCANNED, wordLines } from "./word-lines.ts";

/**
 * OCR, with the time limits for one page (`pageMs`) and for all pages of a file (`timeoutMs`), in ms of wall-clock
 * time.
 */
export interface Ocr {
  readonly recogniser: Recogniser;
  readonly pageMs: number;
  readonly timeoutMs: number;
  /** Whether the words in the figures of pages with text are read, too. Default: false. */
  readonly figures?: boolean;
}

export interface ScanReaders extends Drawers {
  readonly ocr: Ocr;
}

/**
 * Reads the scanned pages of a file by OCR, one after another, and adds their texts to `reading`. PDFium draws a page
 * in one child process, and the recogniser reads the picture in another process. A page that takes too long or cannot
 * be drawn stays missing, and so do all further pages once `timeoutMs` is over. `onPage` is called after each page that
 * was tried. `deadline`: when the time for all OCR of the file is over, as `performance.now()` counts.
 */
export async function readScans(
  deps: ScanReaders,
  reading: Reading,
  input: ExtractInput,
  { signal, onPage, deadline }: ExtractOptions & { readonly deadline: number },
): Promise<void> {
  const { ocr, limits } = deps;
  let manner = USUAL;
  for (const page of scansOf(reading)) {
    const left = Math.min(ocr.pageMs, deadline - performance.now());
    if (left <= 0 || reading.end === "output") break;
    const pageSignal = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(left))]);
    try {
      const draw = (rotation: Rotation): Promise<Uint8Array | undefined> =>
        drawPage(deps, input, { page, rotation }, pageSignal);
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
