import type { WatchedProcess } from "./core-watch.ts";

/**
 * Begins to count how long a process works: each call of the result returns the ms of processor time since then, and what
 * was last known once it has ended. Where the system does not tell (macOS), these are ms of the clock.
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
