export * from "./extract.ts";
export { createExtractor, type ExtractorOptions } from "./extractor.ts";
