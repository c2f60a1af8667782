import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parentPort, workerData } from "node:worker_threads";
import { decodePlainFrame, type PlainLimits } from "./frame-decoder.ts";

/* What a decoding thread runs: it receives a frame's bytes and sends back the decoded frame, both without a copy. */

const limits = workerData as PlainLimits;
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

parentPort?.on("message", (bytes: Uint8Array<ArrayBuffer>) => {
  const frame = decodePlainFrame(Buffer.from(bytes.buffer), limits);
  const files = !("files" in frame) ? [] : frame.files;
  parentPort?.postMessage(
    frame,
    files.map((file) => file.bytes.buffer),
  );
  // The decoding has held the frame's text twice as a string, about 50 MB for a frame of 16 MB. This memory is freed
  // only by a garbage collection, and an idle thread runs none by itself.
  setImmediate(collect);
});
