import { readdirSync, readFileSync } from "node:fs";

const EVERY_MS = 20;

/**
 * Measures the resident memory of the children of this process every 20 ms. `peak` returns the most bytes that one
 * child has had so far, also if that child was killed since; 0 on systems without /proc.
 */
export function watchChildren(): { peak(): number; stop(): void } {
  let peak = 0;
  const timer = setInterval(() => void (peak = Math.max(peak, peakOfChildren())), EVERY_MS);
  return { peak: () => peak, stop: () => clearInterval(timer) };
}

/** The most resident memory that any living child of this process has had so far, in bytes. */
export function peakOfChildren(): number {
  return Math.max(0, ...children().map((child) => peakBytes(child)));
}

/** The most resident memory that this process has had so far, in bytes. */
export function peakOfThis(): number {
  return peakBytes("self");
}

/**
 * Calls `act` and measures how long it takes, in ms: `ms` by the clock, and `processorMs` as the processor time of this
 * process and its living children.
 */
export async function timed<T>(act: () => Promise<T>): Promise<{ value: T; ms: number; processorMs: number }> {
  const before = childrenMs();
  const own = process.cpuUsage();
  const begun = performance.now();
  const value = await act();
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(own);
  return { value, ms, processorMs: (user + system) / 1000 + childrenMs() - before };
}

/** The processor time of all threads of all children, in ms; 0 on systems without /proc. */
function childrenMs(): number {
  const threads = children().flatMap((pid) =>
    readdirSync(`/proc/${pid}/task`).map((thread) => `${pid}/task/${thread}`),
  );
  return threads.reduce((sum, thread) => sum + nanosecondsOf(thread) / 1e6, 0);
}

function nanosecondsOf(thread: string): number {
  try {
    return Number(readFileSync(`/proc/${thread}/schedstat`, "utf8").split(" ")[0]);
  } catch {
    return 0;
  }
}

function children(): string[] {
  try {
    return readdirSync("/proc/self/task").flatMap((task) =>
      readFileSync(`/proc/self/task/${task}/children`, "utf8").trim().split(" ").filter(Boolean),
    );
  } catch {
    return [];
  }
}

function peakBytes(pid: string): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
