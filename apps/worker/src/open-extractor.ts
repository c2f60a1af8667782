import {
  createCoreWatch,
  createExtractor,
  createHttpExtractor,
  findRecogniser,
  type ExtractLimits,
  type Extractor,
} from "@docrelay/pdf";
import type { Config } from "./config.ts";

/**
 * Opens the configured extractor.
 * @throws PdfError `ocr-missing`, which names what to install, if OCR is on and Tesseract or a language is missing.
 */
export async function openExtractor(config: Config): Promise<Extractor> {
  const limits: ExtractLimits = {
    stallMs: config.EXTRACT_STALL_MS,
    timeoutMs: config.EXTRACT_TIMEOUT_MS,
    memoryBytes: config.EXTRACT_MEMORY_BYTES,
    maxPages: config.MAX_PAGES,
    maxTextBytes: config.MAX_TEXT_BYTES,
  };
  const engine = config.PDF_ENGINE;
  if (engine !== "auto" && engine !== "pdfium" && engine !== "pdf-parse")
    return createHttpExtractor({ url: engine, limits });
  const { EXTRACT_CONCURRENCY: concurrency, EXTRACT_FORMAT: format, ATTACHMENTS: attachments } = config;
  const options = { engine, concurrency, limits, format, attachments };
  if (config.OCR === "off") return createExtractor(options);
  const coreWatch = createCoreWatch();
  const recogniser = await findRecogniser({
    languages: config.OCR_LANGUAGES,
    path: config.path,
    memoryBytes: config.EXTRACT_MEMORY_BYTES,
    coreWatch,
  });
  const { OCR_PAGE_TIMEOUT_MS: pageMs, OCR_TIMEOUT_MS: timeoutMs } = config;
  const ocr = { recogniser, pageMs, timeoutMs, figures: config.OCR_FIGURES === "read" };
  return createExtractor({ ...options, ocr, coreWatch });
}
