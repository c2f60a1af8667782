import type { WatchedProcess } from "./core-watch.ts";

/**
 * Starts to measure a process. Each call of the returned function gives the ms of processor time since the start; once
 * the process has ended, the last known value. On systems that do not report CPU time (macOS), it gives wall-clock ms.
 */
export function startStopwatch(process: Pick<WatchedProcess, "cpuMs">): () => number {
  const before = process.cpuMs();
  const begun = performance.now();
  let worked = 0;
  return () => {
    const now = Number.isNaN(before) ? performance.now() - begun : process.cpuMs() - before;
    if (now > worked) worked = now; // not when it is NaN
    return worked;
  };
}
