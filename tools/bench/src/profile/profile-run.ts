import { mkdirSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { profileTable, summarize, type CpuProfile } from "./summarize.ts";

/** When the profiled work ran, in µs of the monotonic clock, and how many asks or pages were finished in that time. */
export interface ProfiledWork {
  readonly fromUs: number;
  readonly toUs: number;
  readonly count: number;
}

export const monotonicUs = (): number => Number(process.hrtime.bigint() / 1000n);

/** The time between two samples, in µs. */
const INTERVAL_US = 500;

/** Returns the Node options with which a process writes a CPU profile of its whole life into a folder when it ends. */
export function profileArgs(folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  return ["--cpu-prof", "--cpu-prof-dir", folder, "--cpu-prof-interval", String(INTERVAL_US)];
}

/** For each kind of process, a table of the time that it spent in groups of functions, as `profileTable` makes it. */
export type ProcessProfiles = ReadonlyArray<{ readonly kind: string; readonly table: string[][] }>;

/**
 * Reads the CPU profiles that ended processes have written to `folder`, and returns what their main threads did during
 * `work`, by kind of process.
 */
export async function readProfiles(
  folder: string,
  processes: Readonly<Record<string, readonly number[]>>,
  work: ProfiledWork,
): Promise<ProcessProfiles> {
  const files = await readdir(folder);
  return Promise.all(
    Object.entries(processes).map(async ([kind, pids]) => {
      // A profile's name: CPU.<date>.<time>.<pid>.<thread>.<number>.cpuprofile
      const own = files.filter((name) => pids.includes(Number(name.split(".")[3])) && name.split(".")[4] === "0");
      const times = new Map<string, number>();
      for (const name of own) {
        const profile = JSON.parse(await readFile(join(folder, name), "utf8")) as CpuProfile;
        for (const [group, us] of summarize(profile, work)) times.set(group, (times.get(group) ?? 0) + us);
      }
      return { kind, table: profileTable(times, work.count) };
    }),
  );
}
