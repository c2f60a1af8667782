export * from "./port/extract.ts";
export { createExtractor, type ExtractorOptions } from "./extractor.ts";
export type { Ocr } from "./ocr/read-scans.ts";
export type { Recogniser } from "./ocr/recogniser.ts";
export { findRecogniser } from "./ocr/find-recogniser.ts";
export { createHttpExtractor, type HttpExtractorOptions } from "./http/http-extractor.ts";
export { createCoreWatch, type CoreWatch } from "./children/core-watch.ts";
