import { readdirSync, readFileSync } from "node:fs";

const EVERY_MS = 20;
const PAGE_BYTES = 4096;

/** Watches the resident memory of this process's children; 0 where there is no /proc. */
export function peakOfChildren(): { peak(): number; stop(): void } {
  let peak = 0;
  const timer = setInterval(() => {
    for (const child of children()) peak = Math.max(peak, residentBytes(child));
  }, EVERY_MS);
  return { peak: () => peak, stop: () => clearInterval(timer) };
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
