import { Worker } from "node:worker_threads";
import type { Latency } from "../measure/histogram.ts";

/** The load beside the text asks: files only, or PDFs with an ask about each. */
export interface SideOrder {
  readonly kind: "uploads" | "pdfs";
  readonly urls: readonly string[];
  readonly tokens: readonly string[];
  /** How many files are sent: `count` in all, `atOnce` at the same time, each of these by another user. */
  readonly count: number;
  readonly atOnce: number;
  readonly bytes: number;
  readonly pages: number;
  /** Whether each word in a PDF is a string of its own, as a typesetting program writes it (`typesetPdf`). */
  readonly typeset?: boolean;
  readonly durationMs: number;
  readonly message: string;
}

export interface SideResult {
  readonly files: number;
  readonly bytes: number;
  readonly busy: number;
  readonly tookMs: number;
  readonly latencies: readonly Latency[];
  readonly errors: Readonly<Record<string, number>>;
}

export type SideMessage = { kind: "progress"; files: number; bytes: number } | { kind: "done"; result: SideResult };

/**
 * Sends files from a thread of its own: masking and slicing megabytes on the event loop that measures the text asks
 * would change the measured times. Resolves when all files are sent or the time is over.
 */
export function runSideLoad(order: SideOrder, onProgress: (files: number, bytes: number) => void): Promise<SideResult> {
  const { promise, resolve, reject } = Promise.withResolvers<SideResult>();
  const worker = new Worker(new URL("./side-thread.ts", import.meta.url), { workerData: order });
  worker.on("message", (message: SideMessage) => {
    if (message.kind === "progress") onProgress(message.files, message.bytes);
    else resolve(message.result);
  });
  worker.on("error", reject);
  worker.on("exit", (code) => reject(new Error(`the thread that sends files ended with ${code}`)));
  return promise;
}
