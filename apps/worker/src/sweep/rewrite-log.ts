import { mastersOf, type RedisClient } from "@docrelay/platform";
import type { Redis } from "ioredis";

/** If Redis has been up for more than this many seconds, its append-only file is not rewritten. */
const YOUNG_SECONDS = 600;

/**
 * Returns a function that makes Redis rewrite its append-only file soon after a start of Redis. If Redis is killed
 * while it writes a script's commands to the file, the file ends with the first half of them. The next start of Redis
 * ignores that half but leaves it in the file, and the start after that executes it
 * (findings/redis-half-a-transaction.sh). A rewritten file does not have that half. After the first call, the function
 * does nothing until the connection has been lost.
 * @throws errors of ioredis, also when Redis forbids the command.
 */
export function createLogRewriter(redis: RedisClient): () => Promise<void> {
  // The connections to masters whose file was checked already. After a loss, a single Redis keeps its connection
  // object, so the event `ready` removes the object from this set; in a cluster a new object replaces a lost one.
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
