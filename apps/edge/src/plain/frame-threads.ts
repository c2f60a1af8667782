import { refuse } from "@docrelay/protocol";
import { readdirSync, readFileSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { Worker } from "node:worker_threads";
import { own } from "../asks/decode-base64.ts";
import type { DecodedFrame, PlainLimits } from "./frame-decoder.ts";

/** Decodes large frames in threads, off the event loop. */
export interface FrameThreads extends AsyncDisposable {
  /**
   * Decodes a frame in a thread. `text` is moved to the thread, so the caller cannot use it afterwards. Calls at the
   * same time use a thread each, so the caller must bound the number of calls.
   * @throws Refusal `BUSY` when the decoding took too long, `SHUTTING_DOWN` after the disposal.
   */
  decode(text: Buffer): Promise<DecodedFrame>;
  /** How many frames the threads have decoded so far. */
  readonly decoded: number;
}

/** The name of each thread. Linux keeps up to 15 characters of it. */
const NAME = "frame decoder";
const ENTRY = new URL("./frame-thread.ts", import.meta.url);
const MIB = 1_048_576;

/**
 * Threads start when they are needed, and are used again. @param options.frameBytes the size of the largest frame, from
 * which a thread's memory limit follows.
 */
export function createFrameThreads(options: {
  limits: PlainLimits;
  frameBytes: number;
  deadlineMs: number;
}): FrameThreads {
  const idle: Worker[] = [];
  const all = new Set<Worker>();
  let decoded = 0;
  let ended = false;

  const start = (): Worker => {
    // The heap, in MiB, has room for twice the text and twice its parsed form, at two bytes a character. A thread that
    // reached this limit inside the JSON parser would end the whole process; so the decoder bounds how many values and
    // keys a frame may have.
    const heap = 128 + Math.ceil(options.frameBytes / MIB) * 8;
    const { messageChars, fileBytes, filesPerAsk } = options.limits;
    const worker = new Worker(ENTRY, {
      name: NAME,
      workerData: { messageChars, fileBytes, filesPerAsk },
      resourceLimits: { maxOldGenerationSizeMb: heap },
      env: {},
      execArgv: [],
    });
    worker.unref();
    worker.once("online", yieldToOthers);
    all.add(worker);
    worker.once("exit", () => {
      all.delete(worker);
      const at = idle.indexOf(worker);
      if (at >= 0) idle.splice(at, 1);
    });
    worker.on("error", () => undefined); // `answerOf` handles the error; the thread then exits
    return worker;
  };

  return {
    get decoded() {
      return decoded;
    },
    async decode(text) {
      if (ended) throw refuse("SHUTTING_DOWN");
      const worker = idle.pop() ?? start();
      const frame = await answerOf(worker, own(text), options.deadlineMs);
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

/**
 * Gives the threads a low priority. When all cores are busy, the event loop goes first, so large frames of one client do
 * not delay other clients. The priority is that of PDF children on busy cores, about a tenth of a core: with the lowest
 * one (nice 19) three busy processes of normal priority kept a frame from being decoded at all. Only Linux has
 * priorities of threads; elsewhere this does nothing.
 */
function yieldToOthers(): void {
  if (process.platform !== "linux") return;
  try {
    for (const thread of readdirSync("/proc/self/task")) {
      const name = readFileSync(`/proc/self/task/${thread}/comm`, "utf8").trim();
      if (name === NAME) setPriority(Number(thread), constants.priority.PRIORITY_BELOW_NORMAL);
    }
  } catch {
    // A thread may have exited meanwhile, or the system may hide its threads; then the priority stays as it is.
  }
}

/** Resolves to the frame that the thread has decoded; to undefined if the thread exited or was too slow. */
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
