import { mastersOf, type RedisClient } from "@docrelay/platform";
import type { Redis } from "ioredis";

/**
 * The append-only file of a Redis that has been up for longer than this is not rewritten: either a worker has had it
 * rewritten after the start of Redis, or the file was never in danger.
 */
const YOUNG_SECONDS = 600;

/**
 * Returns a function that makes Redis rewrite its append-only file soon after a start of Redis. A Redis that is killed
 * while it writes a script's commands to the file rightly ignores them at its next start, but leaves the first half of
 * them in the file, and executes that half at the start after that (findings/redis-half-a-transaction.sh). A rewritten
 * file has no such part. Further calls do nothing until the connection has been lost. @throws errors of ioredis, also
 * when Redis forbids the command.
 */
export function createLogRewriter(redis: RedisClient): () => Promise<void> {
  // The connections to masters whose file was checked already. A single Redis keeps its connection object after a loss,
  // so `ready` removes it here; in a cluster a new object replaces a lost one.
  const known = new WeakSet<object>();
  redis.on("ready", () => void known.delete(redis));
  return async () => {
    const masters = mastersOf(redis).filter((master) => !known.has(master));
    for (const master of masters) known.add(master);
    await Promise.all(masters.map(rewriteYoung));
  };
}

async function rewriteYoung(redis: Redis): Promise<void> {
  const info = await redis.info();
  const field = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1] ?? 0);
  if (field("aof_enabled") === 0 || field("uptime_in_seconds") > YOUNG_SECONDS) return;
  if (field("aof_rewrite_in_progress") === 0) await redis.bgrewriteaof();
}
