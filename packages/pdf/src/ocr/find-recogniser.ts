import type { CoreWatch } from "../children/core-watch.ts";
import type { Recogniser } from "./recogniser.ts";
import { createTesseractNative, nativeLanguages } from "./tesseract-native.ts";
import { createTesseractWasm } from "./tesseract-wasm.ts";

/**
 * Languages by Tesseract's codes (`eng`, `deu`, `chi_sim`). `auto`: languages are chosen by the script of each page.
 */
export type OcrLanguages = readonly string[] | "auto";

/**
 * Finds a recogniser. If the program `tesseract` is on PATH and has all the languages, it is used, because somebody
 * chose to install it. Otherwise Tesseract as WebAssembly is used, from the optional dependencies; if `languages` is
 * `auto`, it reads only English.
 * @throws PdfError `ocr-missing`, whose message names the package to install.
 */
export async function findRecogniser(options: {
  languages: OcrLanguages;
  /** The PATH on which the program `tesseract` is looked for. If the PATH is empty, the program is not used. */
  path: string;
  memoryBytes: number;
  /** The CoreWatch of the extractor that uses the recogniser. */
  coreWatch?: CoreWatch;
}): Promise<Recogniser> {
  const { languages } = options;
  const installed = options.path === "" ? undefined : await nativeLanguages(options.path);
  if (installed && (languages === "auto" || languages.every((language) => installed.has(language))))
    return createTesseractNative({ ...options, installed });
  return createTesseractWasm({ ...options, languages: languages === "auto" ? ["eng"] : languages });
}
