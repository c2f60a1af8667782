import type { WatchedProcess } from "./core-watch.ts";

/**
 * The system reports processor time in steps of this many ms. It is not read more often, because each reading costs a
 * read of /proc.
 */
const STEP_MS = 10;

/**
 * Starts to measure the processor time of a process. Each call of the returned function gives the ms since the start.
 * Once the process has ended, the function gives the value that it has read last. On systems that do not report CPU
 * time (macOS), it gives wall-clock ms.
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
    if (now > worked) worked = now; // false when `now` is NaN, because the process has ended
    return worked;
  };
}
