export * from "./extract.ts";
export { createExtractor, type ExtractorOptions } from "./extractor.ts";
export type { Ocr } from "./read-scans.ts";
export type { Recogniser } from "./recogniser.ts";
export { findRecogniser } from "./find-recogniser.ts";
export { createHttpExtractor, type HttpExtractorOptions } from "./http-extractor.ts";
