import type { WatchedProcess } from "./core-watch.ts";

/** Processor time is read from /proc at most once in this many ms: the system reports it in steps of this size. */
const STEP_MS = 10;

/**
 * Starts to measure a process. The returned function returns the processor time in ms that the process has used since.
 * Once the process has ended, it returns the last known value. On systems that do not report processor time (macOS), it
 * returns wall-clock ms.
 */
export function startStopwatch(process: Pick<WatchedProcess, "cpuMs">): () => number {
  const before = process.cpuMs();
  const begun = performance.now();
  let [worked, lookedAt] = [0, begun];
  return () => {
    const wall = performance.now();
    if (wall - lookedAt < STEP_MS) return worked;
    lookedAt = wall;
    const now = Number.isNaN(before) ? wall - begun : process.cpuMs() - before;
    if (now > worked) worked = now; // after the end of the process `now` is NaN, and this is false
    return worked;
  };
}
