import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { promisify } from "node:util";

const PAGE_BYTES = 4096;
const TICK_MS = 10;
const CHRT = "/usr/bin/chrt";
const CHRT_MS = 5000;

const execute = promisify(execFile);

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

/** Lowers the nice value of a process with all its threads, where that is permitted: to the lowest when it is to run on idle cores only. */
export function lowerPriority(pid: number | undefined, idleOnly: boolean): void {
  const { PRIORITY_LOW, PRIORITY_BELOW_NORMAL } = constants.priority;
  try {
    for (const thread of threadsOf(pid)) setPriority(thread, idleOnly ? PRIORITY_LOW : PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended, or runs with the priority of every process.
  }
}

/** On Linux each thread has a nice value of its own. */
function threadsOf(pid: number | undefined): readonly number[] {
  if (pid === undefined) return [];
  return process.platform === "linux" ? readdirSync(`/proc/${pid}/task`).map(Number) : [pid];
}

/**
 * Gives a process with all its threads the scheduling policy `SCHED_IDLE`, where there is a program of util-linux for it. The lowest nice
 * value alone is not enough: a process that wakes up still waits some milliseconds for the end of such a process's time
 * slice, once at every hop of a message.
 */
export async function leaveCoresToOthers(pid: number | undefined): Promise<void> {
  try {
    await execute(CHRT, ["--all-tasks", "--idle", "--pid", "0", `${pid}`], { env: {}, timeout: CHRT_MS });
  } catch {
    // It has ended, or keeps its nice value: there is no such program, or no permission.
  }
}
