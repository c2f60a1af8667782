import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { promisify } from "node:util";

const PAGE_BYTES = 4096;
const TICK_MS = 10;
const CHRT = "/usr/bin/chrt";
const CHRT_MS = 5000;

const execute = promisify(execFile);

/**
 * The resident memory of a process in bytes; 0 when the process has ended, or on other systems than Linux. On those,
 * only the limits of V8 and WASM bound a child's memory.
 */
export function residentBytes(pid: number | undefined): number {
  try {
    const [, resident] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
    return Number(resident) * PAGE_BYTES;
  } catch {
    return 0;
  }
}

/** CPU time of a process in ms, in steps of 10. NaN when the process has ended, or the system is not Linux. */
export function cpuMs(pid: number | undefined): number {
  try {
    // Fields 14 and 15 are the times in user mode and in the kernel. Field 2 ends with `) ` and may hold blanks and
    // brackets itself, so the fields from 3 on are counted from its end.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return (Number(fields[14 - 3]) + Number(fields[15 - 3])) * TICK_MS;
  } catch {
    return Number.NaN;
  }
}

/**
 * Lowers the priority of a process and all its threads: to nice 19 if `idleOnly`, otherwise to nice 10. Does nothing if
 * the system refuses.
 */
export function lowerPriority(pid: number | undefined, idleOnly: boolean): void {
  const { PRIORITY_LOW, PRIORITY_BELOW_NORMAL } = constants.priority;
  try {
    for (const thread of threadsOf(pid)) setPriority(thread, idleOnly ? PRIORITY_LOW : PRIORITY_BELOW_NORMAL);
  } catch {
    // The process has ended, or the system refused to lower its priority. In the second case the process keeps its
    // priority.
  }
}

/** The ids of a process's threads. On Linux each thread has a priority of its own. */
function threadsOf(pid: number | undefined): readonly number[] {
  if (pid === undefined) return [];
  return process.platform === "linux" ? readdirSync(`/proc/${pid}/task`).map(Number) : [pid];
}

/**
 * Sets the scheduling policy `SCHED_IDLE` for a process and all its threads, if `chrt` of util-linux is installed. Nice
 * 19 alone is not enough: whenever another process wakes up, for example to pass a message on, it would first have to
 * wait some milliseconds for the end of the child's time slice.
 */
export async function leaveCoresToOthers(pid: number | undefined): Promise<void> {
  try {
    await execute(CHRT, ["--all-tasks", "--idle", "--pid", "0", `${pid}`], { env: {}, timeout: CHRT_MS });
  } catch {
    // The process has ended, or `chrt` is missing or refused: then the process keeps its policy.
  }
}
