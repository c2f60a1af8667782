import type { Rotation } from "../text/rotation.ts";
import type { Word } from "./words.ts";

/**
 * Reads the letters in a picture (OCR). There are two implementations: Tesseract as WebAssembly in a child, and the
 * program `tesseract` if it is on PATH.
 */
export interface Recogniser extends AsyncDisposable {
  readonly name: string;
  /**
   * The words of a page, given as a PGM file, in reading order. `languages`: the languages to read with instead of the
   * usual ones, as returned by `look`. An abort ends the process that reads the page.
   * @throws the signal's reason; Error when the picture cannot be read.
   */
  recognise(pgm: Uint8Array, signal: AbortSignal, languages?: string): Promise<readonly Word[]>;
  /**
   * For a page that was read badly: detects how it must be turned, and the languages of its script. Returns undefined
   * when this cannot be detected.
   */
  look?(pgm: Uint8Array, signal: AbortSignal): Promise<Look | undefined>;
}

export interface Look {
  /** By how many quarter turns the page must be turned clockwise to be upright. */
  readonly rotation: Rotation;
  readonly languages?: string | undefined;
}
