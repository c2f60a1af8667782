import { Worker } from "node:worker_threads";
import type { Latency } from "../measure/histogram.ts";

/** What is sent beside text: files only, or PDFs that are asked about. */
export interface SideOrder {
  readonly kind: "uploads" | "pdfs";
  readonly urls: readonly string[];
  readonly tokens: readonly string[];
  /** Number of files, and how many are sent at the same time, each by a user of its own. */
  readonly count: number;
  readonly atOnce: number;
  readonly bytes: number;
  readonly pages: number;
  /** Pages as a typesetter writes them. */
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
 * Sends files from a thread of its own: on the event loop that measures the text asks, masking and slicing megabytes
 * would change the measured times. Resolves when the order is done.
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
