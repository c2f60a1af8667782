import type { Cluster, Redis } from "ioredis";
import { EXTRACT } from "./catalogue.ts";

/**
 * Returns the keys of the waiting jobs, at most `most`, in the order in which they will run if no other job is added.
 * With several slots this is only roughly the order: jobs of equal priority are sorted by a counter, and each slot has
 * its own. Within `everyMs` only one call, of any process, gets the list, and all others get an empty one.
 */
export async function firstWaiting(
  connection: Redis | Cluster,
  prefixes: readonly string[],
  { most, everyMs }: { readonly most: number; readonly everyMs: number },
): Promise<string[]> {
  const isFirst = await connection.set(`${prefixes[0]}:${EXTRACT.queue}:listed`, "1", "PX", everyMs, "NX");
  if (isFirst === null) return [];
  const waiting = await Promise.all(
    prefixes.map(async (one) => {
      const found = await connection.zrange(`${one}:${EXTRACT.queue}:prioritized`, 0, `${most - 1}`, "WITHSCORES");
      return Array.from({ length: found.length / 2 }, (_, index) => ({
        key: found[2 * index] ?? "",
        score: Number(found[2 * index + 1]),
      }));
    }),
  );
  const all = waiting.flat().toSorted((one, other) => one.score - other.score);
  return all.slice(0, most).map(({ key }) => key);
}
