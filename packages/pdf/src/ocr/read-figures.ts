import { createHash } from "node:crypto";
import type { ExtractInput, ExtractOptions } from "../port/extract.ts";
import { addFigures, figuresOf, type Reading } from "../reading/reading.ts";
import { drawPictures } from "./draw-pictures.ts";
import { figureText } from "./figure-text.ts";
import { turned } from "./pgm.ts";
import { readPage, USUAL } from "./read-page.ts";
import type { ScanReaders } from "./read-scans.ts";
import type { Recogniser } from "./recogniser.ts";

/**
 * Reads the words in the figures of a file's pages by OCR, one page after another, and adds them to `reading`. A picture
 * that is on several pages, such as a logo, is read once, and its words are added to the first of them. `deadline`: when
 * the time for all OCR of the file is over, as `performance.now()` counts. What was read of a page before its own time
 * is over is kept.
 */
export async function readFigures(
  deps: ScanReaders,
  reading: Reading,
  input: ExtractInput,
  { signal, onPage, deadline }: ExtractOptions & { readonly deadline: number },
): Promise<void> {
  const { ocr, limits } = deps;
  const seen = new Set<string>();
  for (const page of figuresOf(reading)) {
    const left = Math.min(ocr.pageMs, deadline - performance.now());
    if (left <= 0 || reading.end === "output") break;
    const pageSignal = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(left))]);
    const texts: string[] = [];
    try {
      for (const pgm of await drawPictures(deps, input, { drawFigures: { page } }, pageSignal)) {
        const picture = createHash("sha256").update(pgm).digest("base64");
        if (seen.has(picture)) continue;
        const text = await readFigure(ocr.recogniser, pgm, pageSignal);
        seen.add(picture);
        if (text !== "") texts.push(text);
      }
    } catch {
      signal.throwIfAborted();
      // The time for the page is over, or a process that draws or recognises has ended: the other figures stay unread.
    }
    signal.throwIfAborted();
    addFigures(reading, page, texts, limits);
    if (reading.total !== undefined) onPage?.(page, reading.total);
  }
}

/** The text of a figure; empty if it has no words. */
async function readFigure(recogniser: Recogniser, pgm: Uint8Array, signal: AbortSignal): Promise<string> {
  // Without `look`, only the orientations could be tried, and nearly all figures are upright.
  if (!recogniser.look) return figureText(await recogniser.recognise(pgm, signal, { sparse: true }));
  const read = await readPage(recogniser, async (rotation) => turned(pgm, rotation), {
    manner: USUAL,
    signal,
    sparse: true,
  });
  return figureText(read?.words ?? []);
}
