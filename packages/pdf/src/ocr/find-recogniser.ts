import type { Recogniser } from "./recogniser.ts";
import { createTesseractNative, nativeLanguages } from "./tesseract-native.ts";
import { createTesseractWasm } from "./tesseract-wasm.ts";

/**
 * The program `tesseract` when it is on PATH and knows all the languages: whoever installed it wanted it; else the
 * one that came with the packages. Languages by Tesseract's codes (`eng`, `deu`, `chi_sim`).
 * @throws PdfError `ocr-missing` that says what to install.
 */
export async function findRecogniser(options: {
  languages: readonly string[];
  /** Where to look for the program; empty: nowhere. */
  path: string;
  memoryBytes: number;
}): Promise<Recogniser> {
  const native = options.path === "" ? undefined : await nativeLanguages(options.path);
  if (native && options.languages.every((language) => native.has(language))) return createTesseractNative(options);
  return createTesseractWasm(options);
}
