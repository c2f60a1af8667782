import type { ExtractJob } from "@docrelay/jobs";
import type { ExtractOutcome } from "@docrelay/pdf";
import type { Logger, Metrics } from "@docrelay/platform";
import { readTrace } from "@docrelay/protocol";

/** Logs and counts extractions: only sizes, codes and times, never a name or a word of a document. */
export interface ExtractReport {
  extracted(job: ExtractJob, outcome: ExtractOutcome, ms: number): void;
  /** The bytes of the file are no longer stored. */
  gone(job: ExtractJob): void;
  bug(job: ExtractJob, error: unknown): void;
  /** Logs an error from which the process recovers by itself. */
  error(what: string, error: unknown): void;
}

export function createExtractReport(log: Logger, metrics: Metrics, error: ExtractReport["error"]): ExtractReport {
  const ends = metrics.counter("docrelay_extractions_total", "Extractions, by outcome", ["how"]);
  const times = metrics.histogram(
    "docrelay_extraction_seconds",
    "One file's extraction",
    [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  );
  const pages = metrics.counter("docrelay_extracted_pages_total", "Pages of extracted files, by what became of them", [
    "how",
  ]);
  return {
    extracted({ bytes, trace: stored }, outcome, ms) {
      const { trace } = readTrace(stored);
      const how = outcome.kind === "failed" ? outcome.code : "text";
      ends.inc({ how });
      times.observe(ms / 1000);
      if (outcome.kind !== "failed") {
        pages.inc({ how: "text" }, outcome.pages.length - outcome.missing.length);
        for (const { reason } of outcome.missing) pages.inc({ how: reason });
      }
      const more =
        outcome.kind === "failed"
          ? { reason: outcome.reason }
          : { pages: outcome.pages.length, missing: outcome.missing.length };
      log.info({ trace, bytes, how, ms, ...more }, "extracted");
    },
    gone({ bytes, trace: stored }) {
      const { trace } = readTrace(stored);
      ends.inc({ how: "gone" });
      log.warn({ trace, bytes }, "no bytes to extract from");
    },
    bug({ bytes, trace: stored }, err) {
      const { trace } = readTrace(stored);
      ends.inc({ how: "bug" });
      log.error({ trace, bytes, err }, "bug");
    },
    error,
  };
}
