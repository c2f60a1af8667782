import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Has the buffers of received messages freed in time. V8 takes memory outside its heap for cheap: it was seen to keep
 * 130 MB of dead buffers beside 64 MB that were in use, while its heap was 60 MB.
 */
export interface Freeing {
  /** Call it with the number of bytes that connections have received. */
  received(bytes: number): void;
}

export interface FreeingRule {
  /** Looks at the memory when this many bytes more have been received. */
  readonly stepBytes: number;
  /** Dead buffers may have this many bytes. */
  readonly slackBytes: number;
  /** Bytes of all buffers, dead ones included. */
  readonly bufferBytes: () => number;
  /** `minor` is cheap, and frees what has survived no more than one collection. */
  readonly collect: (kind: "minor" | "major") => void;
  readonly now?: () => number;
}

const STEP_BYTES = 4_194_304;
const SLACK_BYTES = 12_582_912;
/** Major collections wait this many times as long as the last one took: their cost grows with the heap. */
const MAJOR_PAUSE = 4;

/**
 * Received bytes pay for collections: a minor one for each step above the slack (1 to 3 ms), and a major one (15 to 60 ms)
 * only where minor ones did not help.
 */
export function createFreeing(rule: FreeingRule = ofProcess()): Freeing {
  const { stepBytes, slackBytes, bufferBytes, collect, now: clock = () => performance.now() } = rule;
  let received = 0;
  /** What was in use at the last look, as far as is known. */
  let used = bufferBytes();
  /** Buffers are freed some time after their collection: its effect is seen at the next look. */
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
