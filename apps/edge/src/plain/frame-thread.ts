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
  // The text of a frame, twice as a string, stays until the thread's next collection, which an idle thread never runs:
  // of a frame of 16 MB these are about 50 MB.
  setImmediate(collect);
});
