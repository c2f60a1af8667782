import type { CoreWatch } from "../children/core-watch.ts";
import type { Recogniser } from "./recogniser.ts";
import { createTesseractNative, nativeLanguages } from "./tesseract-native.ts";
import { createTesseractWasm } from "./tesseract-wasm.ts";

/**
 * Tesseract's codes of languages, such as `eng`, `deu` or `chi_sim`. `auto`: the languages depend on the script of each
 * page.
 */
export type OcrLanguages = readonly string[] | "auto";

/**
 * Finds a program for OCR. The program `tesseract` is used if it is on the PATH and has all the languages, because
 * somebody has installed it on purpose. Otherwise Tesseract as WebAssembly is used, an optional dependency, which with
 * `auto` reads only English.
 * @throws PdfError `ocr-missing`, whose message names the package to install.
 */
export async function findRecogniser(options: {
  languages: OcrLanguages;
  /**
   * The PATH on which the program `tesseract` is looked for. If this is empty, only Tesseract as WebAssembly is used.
   */
  path: string;
  memoryBytes: number;
  /** The CoreWatch that decides with which priority OCR runs. Pass the same CoreWatch to the extractor. */
  coreWatch?: CoreWatch;
}): Promise<Recogniser> {
  const { languages } = options;
  const installed = options.path === "" ? undefined : await nativeLanguages(options.path);
  if (installed && (languages === "auto" || languages.every((language) => installed.has(language))))
    return createTesseractNative({ ...options, installed });
  return createTesseractWasm({ ...options, languages: languages === "auto" ? ["eng"] : languages });
}
