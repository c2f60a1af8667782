import { setProfile } from "@docrelay/channel";
import { consumeExtracts, type Consumer } from "@docrelay/jobs";
import { createExtractor, EXTRACTOR_VERSION } from "@docrelay/pdf";
import type { Base } from "./base.ts";
import type { Config } from "./config.ts";
import { createExtractReport } from "./extract-report.ts";
import { runExtraction } from "./extract-job.ts";

/** Starts the role `extract`: makes texts of PDFs, in child processes. */
export async function startExtractRole(base: Base): Promise<{ consumer: Consumer }> {
  const { config, store, blobs, producer, life, log, metrics, report, leaving } = base;
  const extractor = createExtractor({
    engine: config.PDF_ENGINE,
    concurrency: config.EXTRACT_CONCURRENCY,
    limits: {
      stallMs: config.EXTRACT_STALL_MS,
      timeoutMs: config.EXTRACT_TIMEOUT_MS,
      memoryBytes: config.EXTRACT_MEMORY_BYTES,
      maxPages: config.MAX_PAGES,
      maxTextBytes: config.MAX_TEXT_BYTES,
    },
  });
  life.add("extractor", () => extractor[Symbol.asyncDispose]());
  await setProfile(store, profileOf(config));

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
  return [EXTRACTOR_VERSION, config.PDF_ENGINE, config.OCR, ...limits].join("|");
}
