import type { CoreWatch } from "../children/core-watch.ts";
import type { Recogniser } from "./recogniser.ts";
import { createTesseractNative, nativeLanguages } from "./tesseract-native.ts";
import { createTesseractWasm } from "./tesseract-wasm.ts";

/**
 * The program `tesseract` when it is on PATH and has all the languages, since installing it was a choice; else Tesseract as
 * WebAssembly from the optional dependencies. Languages by Tesseract's codes (`eng`, `deu`, `chi_sim`).
 * @throws PdfError `ocr-missing`, whose message names the package to install.
 */
export async function findRecogniser(options: {
  languages: readonly string[];
  /** PATH to find the program on; empty: the program is not used. */
  path: string;
  memoryBytes: number;
  /** That of the extractor which is to use it. */
  coreWatch?: CoreWatch;
}): Promise<Recogniser> {
  const native = options.path === "" ? undefined : await nativeLanguages(options.path);
  if (native && options.languages.every((language) => native.has(language))) return createTesseractNative(options);
  return createTesseractWasm(options);
}
