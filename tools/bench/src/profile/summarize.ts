/** A CPU profile as `node --cpu-prof` writes it. Times are µs of the monotonic clock. */
export interface CpuProfile {
  readonly nodes: ReadonlyArray<{ readonly id: number; readonly callFrame: Frame }>;
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}
interface Frame {
  readonly functionName: string;
  /** The address of the function's file; empty for native code. */
  readonly url: string;
}

/**
 * Returns how many µs a process spent in each group of functions within a period. The time in which it waited is left
 * out.
 */
export function summarize(
  profile: CpuProfile,
  { fromUs, toUs }: { fromUs: number; toUs: number },
): Map<string, number> {
  const groups = new Map(profile.nodes.map(({ id, callFrame }) => [id, groupOf(callFrame)]));
  const times = new Map<string, number>();
  let at = profile.startTime;
  for (const [index, id] of profile.samples.entries()) {
    const us = profile.timeDeltas[index] ?? 0;
    at += us;
    const group = groups.get(id);
    if (group === undefined || at < fromUs || at > toUs) continue;
    times.set(group, (times.get(group) ?? 0) + us);
  }
  return times;
}

const NATIVE: ReadonlyArray<readonly [pattern: RegExp, group: string]> = [
  [/^\(garbage collector\)$/, "garbage collection"],
  [/^write/, "system calls that write to sockets and the log"],
];
const LIBRARIES: ReadonlyArray<readonly [pattern: RegExp, group: string]> = [
  [/^(?:ioredis|redis-parser|denque|@ioredis)$/, "ioredis"],
  [/^(?:socket\.io|engine\.io|@socket\.io|notepack)/, "Socket.IO"],
  [/^(?:pino|@pinojs|sonic-boom|quick-format)/, "pino"],
];

/**
 * Returns the group of a function: a package of the project, a library, or a part of Node; undefined for `(idle)`,
 * which stands for the time in which the process waited.
 */
function groupOf({ functionName, url }: Frame): string | undefined {
  if (functionName === "(idle)") return undefined;
  if (url === "") return first(NATIVE, functionName) ?? "other native code, and system calls that read or wait";
  if (/^node:(?:internal\/)?timers/.test(url)) return "Node: timers";
  if (url.startsWith("node:")) return "Node: streams, promises, buffers";
  const library = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (library !== undefined) return first(LIBRARIES, library) ?? library;
  return /\/((?:apps|packages)\/[^/]+)\/src\//.exec(url)?.[1] ?? "other";
}

function first(rules: ReadonlyArray<readonly [RegExp, string]>, name: string): string | undefined {
  return rules.find(([pattern]) => pattern.test(name))?.[1];
}

const SMALL = 0.01;

/**
 * Returns a table of groups, the largest first: the percentage of the time, and the µs for each of `count` asks or
 * pages. Groups below one percent share one row.
 */
export function profileTable(times: ReadonlyMap<string, number>, count: number): string[][] {
  const all = [...times.values()].reduce((sum, us) => sum + us, 0);
  const row = (group: string, us: number): string[] => [
    group,
    `${((100 * us) / all).toFixed(1)} %`,
    `${(us / count).toFixed(1)} µs`,
  ];
  const sorted = [...times].toSorted(([, one], [, other]) => other - one);
  const large = sorted.filter(([, us]) => us >= SMALL * all);
  const rest = sorted.slice(large.length).reduce((sum, [, us]) => sum + us, 0);
  return [...large.map(([group, us]) => row(group, us)), ...(rest > 0 ? [row("the rest", rest)] : []), row("all", all)];
}
