import { parentPort, workerData } from "node:worker_threads";
import { decodePlainFrame, type PlainLimits } from "./frame-decoder.ts";

/* Entry of a thread: a frame's bytes in, the decoded frame out, both handed over and not copied. */

const limits = workerData as PlainLimits;

parentPort?.on("message", (bytes: Uint8Array<ArrayBuffer>) => {
  const frame = decodePlainFrame(Buffer.from(bytes.buffer), limits);
  const files = frame.refused ? [] : frame.files;
  parentPort?.postMessage(
    frame,
    files.map((file) => file.bytes.buffer),
  );
});
