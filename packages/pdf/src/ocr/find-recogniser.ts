import type { CoreWatch } from "../children/core-watch.ts";
import type { Recogniser } from "./recogniser.ts";
import { createTesseractNative, nativeLanguages } from "./tesseract-native.ts";
import { createTesseractWasm } from "./tesseract-wasm.ts";

/** Languages by Tesseract's codes (`eng`, `deu`, `chi_sim`); `auto`: by the script of each page. */
export type OcrLanguages = readonly string[] | "auto";

/**
 * The program `tesseract` when it is on PATH and has all the languages, since installing it was a choice; else Tesseract as
 * WebAssembly from the optional dependencies, which reads English for `auto`.
 * @throws PdfError `ocr-missing`, whose message names the package to install.
 */
export async function findRecogniser(options: {
  languages: OcrLanguages;
  /** PATH to find the program on; empty: the program is not used. */
  path: string;
  memoryBytes: number;
  /** That of the extractor which is to use it. */
  coreWatch?: CoreWatch;
}): Promise<Recogniser> {
  const { languages } = options;
  const installed = options.path === "" ? undefined : await nativeLanguages(options.path);
  if (installed && (languages === "auto" || languages.every((language) => installed.has(language))))
    return createTesseractNative({ ...options, installed });
  return createTesseractWasm({ ...options, languages: languages === "auto" ? ["eng"] : languages });
}
