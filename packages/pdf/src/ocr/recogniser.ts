import type { Rotation } from "../text/rotation.ts";
import type { Word } from "./words.ts";

/**
 * Reads the words in the picture of a page (OCR). There are two recognisers: Tesseract as WebAssembly in a child
 * process, and the program `tesseract`.
 */
export interface Recogniser extends AsyncDisposable {
  readonly name: string;
  /**
   * Returns the words of a page, in reading order. `pgm`: the page's picture as a PGM file. An abort ends the process
   * that reads the page.
   * @throws the signal's reason; Error when the picture cannot be read.
   */
  recognise(pgm: Uint8Array, signal: AbortSignal, how?: RecogniseHow): Promise<readonly Word[]>;
  /**
   * For a page that was read badly: detects how it must be turned, and the languages of its script. Returns undefined
   * when this cannot be detected.
   */
  look?(pgm: Uint8Array, signal: AbortSignal): Promise<Look | undefined>;
}

export interface RecogniseHow {
  /** What `look` has returned, in place of the usual languages. */
  readonly languages?: string | undefined;
  /**
   * Whether words may be anywhere in the picture, as in a chart, and not only in paragraphs. Then the order of the words
   * means nothing.
   */
  readonly sparse?: boolean | undefined;
  /** Whether the page is lit unevenly: then each part of it has a threshold of its own between black and white. */
  readonly uneven?: boolean | undefined;
}

export interface Look {
  /** By how many clockwise quarter turns the page becomes upright. */
  readonly rotation: Rotation;
  readonly languages?: string | undefined;
}
