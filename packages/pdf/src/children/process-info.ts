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
 * The resident memory of a process in bytes. 0 when the process has ended, or if the system is not Linux; there, only
 * the limits of V8 and WASM hold.
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
    // The CPU times are fields 14 and 15 of the line. The split is at the bracket that closes field 2, because field 2
    // may itself contain spaces and brackets.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return (Number(fields[14 - 3]) + Number(fields[15 - 3])) * TICK_MS;
  } catch {
    return Number.NaN;
  }
}

/**
 * Lowers the priority of a process and all its threads, if the system permits it. `idleOnly`: to the lowest priority.
 */
export function lowerPriority(pid: number | undefined, idleOnly: boolean): void {
  const { PRIORITY_LOW, PRIORITY_BELOW_NORMAL } = constants.priority;
  try {
    for (const thread of threadsOf(pid)) setPriority(thread, idleOnly ? PRIORITY_LOW : PRIORITY_BELOW_NORMAL);
  } catch {
    // The process has ended, or the system refused; the process then keeps its priority.
  }
}

/** The threads of a process. On Linux each thread has a nice value of its own. */
function threadsOf(pid: number | undefined): readonly number[] {
  if (pid === undefined) return [];
  return process.platform === "linux" ? readdirSync(`/proc/${pid}/task`).map(Number) : [pid];
}

/**
 * Sets the scheduling policy `SCHED_IDLE` for a process and all its threads, if `chrt` of util-linux is installed. The
 * lowest nice value alone is not enough: another process would wait some milliseconds for the end of the child's time
 * slice each time it wakes up, for example for every message that it passes on.
 */
export async function leaveCoresToOthers(pid: number | undefined): Promise<void> {
  try {
    await execute(CHRT, ["--all-tasks", "--idle", "--pid", "0", `${pid}`], { env: {}, timeout: CHRT_MS });
  } catch {
    // The process has ended, or `chrt` is missing or not permitted; the process then keeps its nice value.
  }
}
