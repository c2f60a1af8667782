import { restoreProfile, setProfile } from "@docrelay/channel";
import { consumeExtracts, type Consumer, type Disposition, type ExtractJob } from "@docrelay/jobs";
import { EXTRACTOR_VERSION, type Extractor } from "@docrelay/pdf";
import type { Resources } from "./resources.ts";
import type { Config } from "./config.ts";
import { createExtractReport } from "./extract/extract-report.ts";
import { runExtraction } from "./extract/extract-job.ts";
import { startQueuePlaces } from "./extract/queue-places.ts";
import { listenForForgotten } from "./forget-listener.ts";
import { retry } from "./report/retry.ts";
import { openExtractor } from "./open-extractor.ts";

/** How long a starting worker retries its first write, in ms; it waits as long for its first connection to Redis. */
const START_PATIENCE_MS = 30_000;
const PROFILE_EVERY_MS = 10_000;

/** Starts the role `extract`: the worker extracts the texts of PDFs in child processes. */
export async function startExtractRole(
  resources: Resources,
  open: (config: Config) => Promise<Extractor> = openExtractor,
): Promise<{ consumer: Consumer }> {
  const { config, store, blobs, bell, life, log, metrics, report, tracing, stopping, leaving, subscriber } = resources;
  const extractor = await open(config);
  life.add("extractor", () => extractor[Symbol.asyncDispose]());
  await retry(() => setProfile(store, profileOf(config)), { forMs: START_PATIENCE_MS, signal: stopping.signal });
  // Stores the profile again if Redis has lost it, but does not replace one that another worker has stored.
  const restoring = setInterval(() => {
    restoreProfile(store, profileOf(config)).catch((error: unknown) => report.error("profile", error));
  }, PROFILE_EVERY_MS);
  life.add("profile", () => clearInterval(restoring));

  const extractReport = createExtractReport(log, metrics, report.error);
  const running = new Map<string, AbortController>();
  listenForForgotten(
    subscriber,
    (text) => running.get(text)?.abort(),
    (error) => report.error("forget channel", error),
  );
  const keepFilesMs = config.KEEP_FILES_MS;
  const deps = { store, blobs, bell, extractor, report: extractReport, tracing, keepFilesMs, stopping: leaving.signal };
  async function handle(job: ExtractJob, aside: AbortSignal, isUrgent: boolean): Promise<Disposition> {
    const forgotten = new AbortController();
    running.set(job.key, forgotten);
    try {
      return await runExtraction({ ...deps, isUrgent, forgotten: forgotten.signal }, job, aside);
    } finally {
      if (running.get(job.key) === forgotten) running.delete(job.key);
    }
  }
  const consumer = consumeExtracts({
    connection: resources.connect("blocking", "extract-queue"),
    shards: config.QUEUE_SHARDS,
    concurrency: config.EXTRACT_CONCURRENCY,
    handle,
    onError: (error) => report.error("extract queue", error),
  });
  life.add("extract queue", () => consumer[Symbol.asyncDispose]());
  const places = startQueuePlaces(store, consumer, (error) => report.error("queue places", error));
  life.add("queue places", () => places[Symbol.dispose]());
  metrics.gauge("docrelay_extractions_running", "Files being extracted now", () => consumer.active);
  return { consumer };
}

/**
 * Returns the profile: all settings that can change the text or the failure of a PDF. The profile is part of every text
 * key, so the same PDF is extracted again when one of these settings has changed.
 */
export function profileOf(config: Config): string {
  const limits = [
    config.MAX_PAGES,
    config.MAX_TEXT_BYTES,
    config.EXTRACT_STALL_MS,
    config.EXTRACT_TIMEOUT_MS,
    config.EXTRACT_MEMORY_BYTES,
  ];
  // The defaults of newer settings are left out, so that texts from before these settings existed keep their keys.
  const figures = config.OCR_FIGURES === "off" ? [] : ["figures"];
  const ocr =
    config.OCR === "off"
      ? ["off"]
      : [config.OCR_LANGUAGES, ...figures, config.OCR_PAGE_TIMEOUT_MS, config.OCR_TIMEOUT_MS];
  const format = config.EXTRACT_FORMAT === "text" ? [] : [config.EXTRACT_FORMAT];
  return [EXTRACTOR_VERSION, config.PDF_ENGINE, config.ATTACHMENTS, ...format, ...ocr, ...limits].join("|");
}
