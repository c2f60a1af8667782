/**
 * Reads the letters of a picture (OCR). Two live: Tesseract as WebAssembly in a child of its own, and the program
 * `tesseract` where it is on PATH.
 */
export interface Recogniser extends AsyncDisposable {
  readonly name: string;
  /**
   * The text of a page that is given as a PGM file; lines end with `\n`. Aborting ends the process that reads it.
   * @throws the signal's reason; Error when the picture cannot be read.
   */
  recognise(pgm: Uint8Array, signal: AbortSignal): Promise<string>;
}
