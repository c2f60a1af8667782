import { Redis } from "ioredis";
import { childrenCpuMs, usageOf } from "../measure/process-usage.ts";
import { redisUse } from "../measure/redis-use.ts";
import { monotonicUs } from "../profile/profile-run.ts";
import type { System } from "./systems.ts";

/**
 * What one ask, stream or page of a PDF has cost a system, by the name of the figure; CPU times are in µs. It is empty
 * for a system without a Redis.
 */
export type Costs = Readonly<Record<string, number>>;

/**
 * Calls `work`, which returns how many asks or pages it has finished (`count`). Divides by `count` the resources that
 * the processes and the Redis of the system used during `work`. Reads `/proc`, so it works on Linux only.
 */
export async function costsOf<T>(
  system: System,
  work: () => Promise<{ count: number; asked: T }>,
): Promise<{ asked: T; costs: Costs }> {
  const { redisUrl, processes, profile } = system;
  if (redisUrl === undefined) return { asked: (await work()).asked, costs: {} };
  const redis = new Redis(redisUrl);
  try {
    const counters = async (): Promise<Record<string, number>> => {
      const kinds = Object.entries(processes).map(async ([kind, pids]) => {
        const usages = await Promise.all(pids.map(usageOf));
        return [`CPU of ${kind}`, usages.reduce((sum, { cpuMs }) => sum + cpuMs * 1000, 0)] as const;
      });
      const readers = await Promise.all(Object.values(processes).flat().map(childrenCpuMs));
      const readerUs = readers.reduce((sum, ms) => sum + ms * 1000, 0);
      const { cpuMs, scripts, commands } = await redisUse(redis);
      const cpu = {
        ...Object.fromEntries(await Promise.all(kinds)),
        ...(readerUs > 0 ? { "CPU of readers": readerUs } : {}),
        "CPU of redis": cpuMs * 1000,
      };
      return { CPU: Object.values(cpu).reduce((sum, us) => sum + us, 0), ...cpu, scripts, commands };
    };
    const before = await counters();
    const fromUs = monotonicUs();
    const { count, asked } = await work();
    profile?.({ fromUs, toUs: monotonicUs(), count });
    const used = Object.entries(await counters()).map(([name, end]) => [name, (end - (before[name] ?? 0)) / count]);
    return { asked, costs: Object.fromEntries(used) as Costs };
  } finally {
    redis.disconnect();
  }
}
