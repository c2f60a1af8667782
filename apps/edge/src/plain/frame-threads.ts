import { refuse } from "@docrelay/protocol";
import { Worker } from "node:worker_threads";
import { own, type DecodedFrame, type PlainLimits } from "./frame-decoder.ts";

/** Decodes big frames off the event loop. */
export interface FrameThreads extends AsyncDisposable {
  /**
   * `text` is gone afterwards: it was handed over. The caller bounds how many run at a time.
   * @throws Refusal `BUSY` when it took too long.
   */
  decode(text: Buffer): Promise<DecodedFrame>;
  /** Frames decoded so far. */
  readonly decoded: number;
}

const ENTRY = new URL("./frame-thread.ts", import.meta.url);
const MIB = 1_048_576;

/** @param of.frameBytes the largest frame; a thread may use a few times that. Threads start when they are needed. */
export function createFrameThreads(of: { limits: PlainLimits; frameBytes: number; deadlineMs: number }): FrameThreads {
  const idle: Worker[] = [];
  const all = new Set<Worker>();
  let decoded = 0;
  let ended = false;

  const start = (): Worker => {
    // Its text and what is parsed of it, at two bytes a character, twice over. It must never be reached: inside of the
    // parser that ends the process. The decoder bounds how much a frame can become.
    const heap = 128 + Math.ceil(of.frameBytes / MIB) * 8;
    const { messageChars, fileBytes, filesPerAsk } = of.limits;
    const worker = new Worker(ENTRY, {
      workerData: { messageChars, fileBytes, filesPerAsk },
      resourceLimits: { maxOldGenerationSizeMb: heap },
      env: {},
      execArgv: [],
    });
    worker.unref();
    all.add(worker);
    worker.once("exit", () => {
      all.delete(worker);
      const at = idle.indexOf(worker);
      if (at >= 0) idle.splice(at, 1);
    });
    worker.on("error", () => undefined); // whoever waits for it hears it; then it exits
    return worker;
  };

  return {
    get decoded() {
      return decoded;
    },
    async decode(text) {
      if (ended) throw refuse("SHUTTING_DOWN");
      const worker = idle.pop() ?? start();
      const frame = await answerOf(worker, own(text), of.deadlineMs);
      if (!frame) {
        await worker.terminate();
        throw refuse("BUSY", { retryAfterMs: 1000 });
      }
      decoded++;
      idle.push(worker);
      return frame;
    },
    async [Symbol.asyncDispose]() {
      ended = true;
      await Promise.all([...all].map((worker) => worker.terminate()));
    },
  };
}

/** Undefined when the thread died or did not answer in time. */
function answerOf(
  worker: Worker,
  bytes: Uint8Array<ArrayBuffer>,
  deadlineMs: number,
): Promise<DecodedFrame | undefined> {
  return new Promise((resolve) => {
    const done = (frame: DecodedFrame | undefined): void => {
      clearTimeout(timer);
      worker.off("message", done).off("error", fail).off("exit", fail);
      resolve(frame);
    };
    const fail = (): void => done(undefined);
    const timer = setTimeout(fail, deadlineMs);
    worker.on("message", done).on("error", fail).on("exit", fail);
    worker.postMessage(bytes, [bytes.buffer]);
  });
}
