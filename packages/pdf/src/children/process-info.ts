import { readFileSync } from "node:fs";
import { constants, setPriority } from "node:os";

const PAGE_BYTES = 4096;
const TICK_MS = 10;

/** Resident memory of a process in bytes; 0 when it has ended or this is not Linux: then only the child's own limits hold. */
export function residentBytes(pid: number | undefined): number {
  try {
    const [, resident] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
    return Number(resident) * PAGE_BYTES;
  } catch {
    return 0;
  }
}

/** CPU time of a process in ms, in steps of 10; NaN when it has ended or this is not Linux. */
export function cpuMs(pid: number | undefined): number {
  try {
    // Fields 14 and 15; the second one, in brackets, may itself hold spaces and brackets.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return (Number(fields[14 - 3]) + Number(fields[15 - 3])) * TICK_MS;
  } catch {
    return Number.NaN;
  }
}

/** Lowers a process's priority where that is permitted: to the lowest when it is to run on idle cores only. */
export function lowerPriority(pid: number | undefined, idleOnly: boolean): void {
  const { PRIORITY_LOW, PRIORITY_BELOW_NORMAL } = constants.priority;
  try {
    if (pid !== undefined) setPriority(pid, idleOnly ? PRIORITY_LOW : PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended, or runs with the priority of every process.
  }
}
