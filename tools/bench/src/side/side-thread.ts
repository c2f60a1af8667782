import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import type { Event } from "@docrelay/protocol";
import { nowMs } from "../measure/clock.ts";
import { sendFile } from "./file-sender.ts";
import { createHistogram, latencyOf, type Histogram } from "../measure/histogram.ts";
import { heavyPdf, longPdf, typesetPdf } from "./pdf-file.ts";
import { openRelaySocket } from "../talkers/relay-socket.ts";
import type { SideMessage, SideOrder } from "./side-load.ts";

const order = workerData as SideOrder;
const CONNECT_MS = 15_000;
const ANSWER_MS = 120_000;
const PAUSE_MS = 250;

const histograms: Record<string, Histogram> = { upload: createHistogram() };
const errors: Record<string, number> = {};
let begun = 0;
let files = 0;
let bytes = 0;
let busy = 0;
const startedAt = nowMs();
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
const tell = (message: SideMessage): void => parentPort?.postMessage(message);
const record = (name: string, ms: number): void => (histograms[name] ??= createHistogram()).record(ms);

/** Sends files as one user, one after another, until all files are sent or the time is over. */
async function user(index: number): Promise<void> {
  let onEvent: (event: Event) => void = () => undefined;
  let onEnd: (why: string) => void = () => undefined;
  const socket = await openRelaySocket({
    url: order.urls[index % order.urls.length] ?? "",
    token: order.tokens[index] ?? "",
    timeoutMs: CONNECT_MS,
    onEvent: (name, payload) => void (name === "event" && onEvent(payload as Event)),
    onEnd: (why) => onEnd(why),
  });

  async function ask(upload: string): Promise<void> {
    const id = randomUUID();
    const sentAt = nowMs();
    const { promise: whole, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error("timeout")), ANSWER_MS);
    onEnd = (why) => reject(new Error(why));
    onEvent = (event) => {
      if (event.ask !== id) return;
      if (event.type === "extracted") record("extracted", nowMs() - sentAt);
      else if (event.type === "completed") resolve();
      else if (event.type === "failed") reject(new Error(event.error.code));
    };
    const question = { id, conversation: randomUUID(), message: order.message, files: [{ upload }] };
    socket.send("ask", question, (ack) => {
      if (!ack.ok) reject(new Error(ack.error?.code));
    });
    await whole.finally(() => clearTimeout(timer));
    record("whole", nowMs() - sentAt);
  }

  while (begun < order.count && socket.open && nowMs() - startedAt < order.durationMs) {
    begun++;
    const pdf = order.typeset === true ? typesetPdf : longPdf;
    const file = order.kind === "uploads" ? heavyPdf(order.bytes) : pdf(order.pages);
    try {
      const from = nowMs();
      const sent = await sendFile(socket, "bench.pdf", file, (chunk) => void (bytes += chunk));
      record("upload", nowMs() - from);
      busy += sent.busy;
      if (order.kind === "pdfs") await ask(sent.upload);
      files++;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      errors[why] = (errors[why] ?? 0) + 1;
      await sleep(PAUSE_MS);
    }
  }
  socket.close();
}

const timer = setInterval(() => tell({ kind: "progress", files, bytes }), 250);
await Promise.all(Array.from({ length: order.atOnce }, (_, index) => user(index)));
clearInterval(timer);
const tookMs = nowMs() - startedAt;
const latencies = Object.entries(histograms).map(([name, histogram]) => latencyOf(name, histogram));
tell({ kind: "done", result: { files, bytes, busy, tookMs, latencies, errors } });
