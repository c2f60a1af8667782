import type { Turn } from "../text/turn.ts";
import type { Word } from "./words.ts";

/**
 * Reads the letters of a picture (OCR). Two live: Tesseract as WebAssembly in a child of its own, and the program
 * `tesseract` where it is on PATH.
 */
export interface Recogniser extends AsyncDisposable {
  readonly name: string;
  /**
   * The words of a page that is given as a PGM file, in reading order. `languages`: others than the usual ones, as `look`
   * gave them. Aborting ends the process that reads it.
   * @throws the signal's reason; Error when the picture cannot be read.
   */
  recognise(pgm: Uint8Array, signal: AbortSignal, languages?: string): Promise<readonly Word[]>;
  /** How a page that could not be read well is to be turned, and what it is written in; undefined when that is not seen. */
  look?(pgm: Uint8Array, signal: AbortSignal): Promise<Look | undefined>;
}

export interface Look {
  /** Quarter turns, clockwise, that make the page upright. */
  readonly turn: Turn;
  readonly languages?: string | undefined;
}
