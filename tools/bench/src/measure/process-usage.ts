import { readdir, readFile } from "node:fs/promises";

/** Memory and CPU of a local process. */
export interface Usage {
  readonly rssBytes: number;
  /** The CPU time that the process has used since its start, in user and system mode, in ms. */
  readonly cpuMs: number;
}

const PAGE_BYTES = 4096;
const TICK_MS = 10;
/**
 * The index of a process's user time in the fields that `statOf` returns; the next field is its system time.
 * `ENDED_TIMES` is the same index for the children of the process that have ended.
 */
const OWN_TIMES = 11;
const ENDED_TIMES = 13;

/**
 * Returns the memory and CPU time of a process. Reads `/proc`, so it works on Linux only. @throws Error when there is
 * no such process, or no `/proc`.
 */
export async function usageOf(pid: number): Promise<Usage> {
  const [fields, memory] = await Promise.all([statOf(pid), readFile(`/proc/${pid}/statm`, "utf8")]);
  return { rssBytes: Number(memory.split(" ")[1]) * PAGE_BYTES, cpuMs: timeMs(fields, OWN_TIMES) };
}

/**
 * Returns the user and system time of a process's children in ms, including those that have ended. Reads `/proc`, so it
 * works on Linux only.
 */
export async function childrenCpuMs(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, "utf8").catch(() => "")),
  );
  const children = lists.join(" ").split(" ").filter(Boolean).map(Number);
  // A child that ends while this function runs counts as 0 now; the next call counts it among the ended children.
  const living = await Promise.all(children.map((child) => statOf(child).catch(() => [])));
  return living.reduce((sum, fields) => sum + timeMs(fields, OWN_TIMES), timeMs(await statOf(pid), ENDED_TIMES));
}

/**
 * Reads the fields of a process's `/proc/…/stat` that follow its name, which is in parentheses and may contain blanks.
 */
async function statOf(pid: number): Promise<string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function timeMs(fields: readonly string[], first: number): number {
  return (Number(fields[first] ?? 0) + Number(fields[first + 1] ?? 0)) * TICK_MS;
}
