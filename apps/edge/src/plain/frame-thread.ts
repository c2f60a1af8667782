import { parentPort, workerData } from "node:worker_threads";
import { decodePlainFrame, type PlainLimits } from "./frame-decoder.ts";

/* What a decoding thread runs: it receives a frame's bytes and sends back the decoded frame, both without a copy. */

const limits = workerData as PlainLimits;

parentPort?.on("message", (bytes: Uint8Array<ArrayBuffer>) => {
  const frame = decodePlainFrame(Buffer.from(bytes.buffer), limits);
  const files = !("files" in frame) ? [] : frame.files;
  parentPort?.postMessage(
    frame,
    files.map((file) => file.bytes.buffer),
  );
});
