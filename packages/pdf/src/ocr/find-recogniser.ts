import type { CoreWatch } from "../children/core-watch.ts";
import type { Recogniser } from "./recogniser.ts";
import { createTesseractNative, nativeLanguages } from "./tesseract-native.ts";
import { createTesseractWasm } from "./tesseract-wasm.ts";

/** Languages as Tesseract's codes (`eng`, `deu`, `chi_sim`). `auto`: chosen by the script of each page. */
export type OcrLanguages = readonly string[] | "auto";

/**
 * Finds a recogniser. If the program `tesseract` is on PATH and has all the languages, it is used, because its
 * installation was a choice. Otherwise Tesseract as WebAssembly from the optional dependencies is used, which reads
 * English for `auto`.
 * @throws PdfError `ocr-missing`, whose message names the package to install.
 */
export async function findRecogniser(options: {
  languages: OcrLanguages;
  /** The PATH on which the program is searched. If empty, the program is not used. */
  path: string;
  memoryBytes: number;
  /** The same as the extractor's that uses the recogniser. */
  coreWatch?: CoreWatch;
}): Promise<Recogniser> {
  const { languages } = options;
  const installed = options.path === "" ? undefined : await nativeLanguages(options.path);
  if (installed && (languages === "auto" || languages.every((language) => installed.has(language))))
    return createTesseractNative({ ...options, installed });
  return createTesseractWasm({ ...options, languages: languages === "auto" ? ["eng"] : languages });
}
