import { readdirSync, readFileSync } from "node:fs";

const EVERY_MS = 20;
const PAGE_BYTES = 4096;
const TICK_MS = 10;

/** Watches the resident memory of this process's children; 0 where there is no /proc. */
export function peakOfChildren(): { peak(): number; stop(): void } {
  let peak = 0;
  const timer = setInterval(() => {
    for (const child of children()) peak = Math.max(peak, residentBytes(child));
  }, EVERY_MS);
  return { peak: () => peak, stop: () => clearInterval(timer) };
}

/** Processor time that this process and its living children have used, in ms; without the children where there is no /proc. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000 + children().reduce((sum, child) => sum + ticksOf(child) * TICK_MS, 0);
}

function ticksOf(pid: string): number {
  try {
    // The name before them may hold anything, in brackets.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return Number(fields[11]) + Number(fields[12]);
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

function residentBytes(pid: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * PAGE_BYTES;
  } catch {
    return 0;
  }
}
