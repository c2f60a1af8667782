import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Runs garbage collections, so that buffers of received messages are freed in time. Buffers are outside V8's heap, and
 * V8 itself collects rarely when its heap is small: in one measurement V8 kept 130 MB of buffers that nothing used
 * beside 64 MB in use, while its heap was 60 MB.
 */
export interface Freeing {
  /**
   * Must be called with the size of each received chunk. After every 4 MiB, frees buffers that nothing uses, if there
   * are many.
   */
  received(bytes: number): void;
}

export interface FreeingRule {
  /** The memory is checked each time this many more bytes have been received. */
  readonly stepBytes: number;
  /**
   * The garbage collector is called when, by an estimate, more than this many bytes are in buffers that nothing uses.
   */
  readonly slackBytes: number;
  /** Returns the bytes of all buffers of the process, including buffers that nothing uses any more. */
  readonly bufferBytes: () => number;
  /**
   * Runs a garbage collection. A `minor` one is cheap, and frees only what has survived at most one collection before.
   */
  readonly collect: (kind: "minor" | "major") => void;
  readonly now?: () => number;
}

const STEP_BYTES = 4_194_304;
const SLACK_BYTES = 12_582_912;
/**
 * After a major garbage collection, no other major one runs for this many times the time that the collection took,
 * because that time grows with the heap.
 */
const MAJOR_PAUSE = 4;

/**
 * Looks at the memory after every `stepBytes` of received bytes. While more than `slackBytes` are in buffers that
 * nothing uses, it runs a minor garbage collection (1 to 3 ms); if the minor one before did not free enough, a major
 * one (15 to 60 ms).
 */
export function createFreeing(rule: FreeingRule = ofProcess()): Freeing {
  const { stepBytes, slackBytes, bufferBytes, collect, now: clock = () => performance.now() } = rule;
  let received = 0;
  /** An estimate of the bytes of buffers in use at the last check. */
  let used = bufferBytes();
  /**
   * The kind of garbage collection that ran at the last check, if any. A collection frees buffers only some time later,
   * so its effect is seen at the next check.
   */
  let last: "minor" | "major" | undefined;
  let majorFrom = Number.NEGATIVE_INFINITY;

  function look(): void {
    const now = bufferBytes();
    used = last === "major" ? now : Math.min(used, now);
    if (now <= used + slackBytes) {
      last = undefined;
      return;
    }
    const begun = clock();
    last = last === undefined || begun < majorFrom ? "minor" : "major";
    collect(last);
    if (last === "major") majorFrom = clock() + MAJOR_PAUSE * (clock() - begun);
  }
  return {
    received(bytes) {
      received += bytes;
      if (received < stepBytes) return;
      received = 0;
      look();
    },
  };
}

function ofProcess(): FreeingRule {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as (options: { type: "minor" | "major"; execution: "sync" }) => void;
  return {
    stepBytes: STEP_BYTES,
    slackBytes: SLACK_BYTES,
    bufferBytes: () => process.memoryUsage().arrayBuffers,
    collect: (type) => gc({ type, execution: "sync" }),
  };
}
