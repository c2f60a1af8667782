import { readFile } from "node:fs/promises";

/** Memory and CPU of a local process. */
export interface Usage {
  readonly rssBytes: number;
  /** User and system time since it started. */
  readonly cpuMs: number;
}

const PAGE_BYTES = 4096;
const TICK_MS = 10;

/** Reads `/proc`, so it works on Linux only. @throws Error when there is no such process, or no `/proc`. */
export async function usageOf(pid: number): Promise<Usage> {
  const [stat, memory] = await Promise.all([
    readFile(`/proc/${pid}/stat`, "utf8"),
    readFile(`/proc/${pid}/statm`, "utf8"),
  ]);
  // The program's name, in parentheses, may contain blanks: the numbered fields begin behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    rssBytes: Number(memory.split(" ")[1]) * PAGE_BYTES,
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
  };
}
