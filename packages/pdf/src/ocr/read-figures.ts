import type { ExtractInput, ExtractOptions } from "../port/extract.ts";
import { addFigures, pagesWithFigures, type Reading } from "../reading/reading.ts";
import { drawFigures, type PageFigures } from "./draw-pictures.ts";
import { figureText } from "./figure-text.ts";
import { turned } from "./pgm.ts";
import { readPage, USUAL } from "./read-page.ts";
import type { ScanReaders } from "./read-scans.ts";
import type { Recogniser } from "./recogniser.ts";

/** The pictures that are drawn ahead of OCR have about this many bytes at most. A page has up to twelve million. */
const MAX_AHEAD_BYTES = 12_000_000;
/** So many pictures are remembered, so that they are not read again on other pages. */
const MAX_KNOWN = 1000;

/**
 * Reads the words in the figures of a file's pages by OCR, one page after another, and adds them to `reading`. A picture
 * that is on several pages at the same place and in the same size, such as a logo, is read once, and its words are added
 * to the first of these pages. `deadline`: when the time for all OCR of the file is over, as `performance.now()` counts.
 * A figure that cannot be drawn or read is left out, and so are all others once the time is over.
 */
export async function readFigures(
  deps: ScanReaders,
  reading: Reading,
  input: ExtractInput,
  { signal, onPage, deadline }: ExtractOptions & { readonly deadline: number },
): Promise<void> {
  const { ocr, limits } = deps;
  const known: string[] = [];
  let pages = pagesWithFigures(reading);
  while (pages.length > 0) {
    const left = deadline - performance.now();
    if (left <= 0) return;
    const timed = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(left))]);
    const wanted = { pages, known: known.slice(0, MAX_KNOWN), atMostBytes: MAX_AHEAD_BYTES };
    const drawn = await orNothing(drawFigures(deps, input, wanted, timed), signal);
    for (const page of drawn ?? []) {
      if (reading.end === "output") return;
      const pageSignal = AbortSignal.any([timed, AbortSignal.timeout(ocr.pageMs)]);
      const texts = await readAll(ocr.recogniser, page, { signal, pageSignal });
      addFigures(reading, page.page, texts, limits);
      for (const { name } of page.figures) known.push(name);
      if (reading.total !== undefined) onPage?.(page.page, reading.total);
    }
    // The page after those that were drawn is the next one. If none was drawn, it is the first one that takes too long.
    pages = pages.slice(Math.max(1, drawn?.length ?? 0));
  }
}

/** The texts of a page's figures that have words. */
async function readAll(
  recogniser: Recogniser,
  { figures }: PageFigures,
  { signal, pageSignal }: { readonly signal: AbortSignal; readonly pageSignal: AbortSignal },
): Promise<string[]> {
  const texts: string[] = [];
  for (const { pgm } of figures) {
    if (pageSignal.aborted) break;
    const text = await orNothing(readFigure(recogniser, pgm, pageSignal), signal);
    if (text) texts.push(text);
  }
  return texts;
}

/** What a promise resolves with; undefined if it is rejected. @throws the signal's reason, if `signal` is aborted. */
async function orNothing<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const value = await promise.catch(() => undefined);
  signal.throwIfAborted();
  return value;
}

/** The text of a figure; empty if it has no words. */
async function readFigure(recogniser: Recogniser, pgm: Uint8Array, signal: AbortSignal): Promise<string> {
  // Without `look`, only the orientations could be tried, and nearly all figures are upright.
  if (!recogniser.look) return figureText(await recogniser.recognise(pgm, signal, { sparse: true }));
  const draw = async (rotation: Parameters<typeof turned>[1]): Promise<Uint8Array> => turned(pgm, rotation);
  const read = await readPage(recogniser, draw, { manner: USUAL, signal, sparse: true });
  return figureText(read?.words ?? []);
}
