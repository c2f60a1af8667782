import { setProfile } from "@docrelay/channel";
import { consumeExtracts, type Consumer } from "@docrelay/jobs";
import { EXTRACTOR_VERSION } from "@docrelay/pdf";
import type { Base } from "./resources.ts";
import type { Config } from "./config.ts";
import { createExtractReport } from "./extract/extract-report.ts";
import { runExtraction } from "./extract/extract-job.ts";
import { insist } from "./report/retry.ts";
import { openExtractor } from "./open-extractor.ts";

/** A store that goes away while a worker starts is waited for, as before its start. */
const START_PATIENCE_MS = 30_000;

/** Starts the role `extract`: makes texts of PDFs, in child processes. */
export async function startExtractRole(base: Base): Promise<{ consumer: Consumer }> {
  const { config, store, blobs, producer, life, log, metrics, report, stopping, leaving } = base;
  const extractor = await openExtractor(config);
  life.add("extractor", () => extractor[Symbol.asyncDispose]());
  await insist(() => setProfile(store, profileOf(config)), { forMs: START_PATIENCE_MS, signal: stopping.signal });

  const extractReport = createExtractReport(log, metrics, report.trouble);
  const deps = { store, blobs, producer, extractor, report: extractReport, stopping: leaving.signal };
  const consumer = consumeExtracts({
    connection: base.connect("blocking", "extract-queue"),
    concurrency: config.EXTRACT_CONCURRENCY,
    handle: (job) => runExtraction(deps, job),
    onError: (error) => report.trouble("extract queue", error),
  });
  life.add("extract queue", () => consumer[Symbol.asyncDispose]());
  metrics.gauge("docrelay_extractions_running", "Files being extracted now", () => consumer.active);
  return { consumer };
}

/** Whatever makes another text, or another failure, of the same bytes: part of every text's key. */
export function profileOf(config: Config): string {
  const limits = [
    config.MAX_PAGES,
    config.MAX_TEXT_BYTES,
    config.EXTRACT_STALL_MS,
    config.EXTRACT_TIMEOUT_MS,
    config.EXTRACT_MEMORY_BYTES,
  ];
  const ocr =
    config.OCR === "off" ? ["off"] : [config.OCR_LANGUAGES, config.OCR_PAGE_TIMEOUT_MS, config.OCR_TIMEOUT_MS];
  return [EXTRACTOR_VERSION, config.PDF_ENGINE, ...ocr, ...limits].join("|");
}
