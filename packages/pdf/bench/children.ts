import { readdirSync, readFileSync } from "node:fs";

const EVERY_MS = 20;

/**
 * From now on, looks every 20 ms how much memory each child of this process has used. `peak` returns the most bytes of
 * resident memory that one child has used, even if that child has ended since. It returns 0 on systems without /proc.
 */
export function watchChildren(): { peak(): number; stop(): void } {
  let peak = 0;
  const timer = setInterval(() => void (peak = Math.max(peak, peakOfChildren())), EVERY_MS);
  return { peak: () => peak, stop: () => clearInterval(timer) };
}

/** The largest peak of resident memory among the children that run now, in bytes. */
export function peakOfChildren(): number {
  return Math.max(0, ...children().map((child) => peakBytes(child)));
}

/** The peak of this process's own resident memory, in bytes. */
export function peakOfThis(): number {
  return peakBytes("self");
}

/**
 * Calls `act` and measures it. `ms`: wall-clock time. `processorMs`: processor time of this process and of those
 * children that still run at the end.
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
