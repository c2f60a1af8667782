import { mastersOf, type RedisClient } from "@docrelay/platform";
import type { Redis } from "ioredis";

/** A Redis that has been up for longer has had its file rewritten after its start, or never was in danger. */
const YOUNG_SECONDS = 600;

/**
 * Has Redis rewrite its append-only file after a start of Redis. A Redis that was killed in the middle of writing down a
 * script ignores that script at its next start, as it should, but leaves the beginning of it in the file: at the start
 * after that, half of the script is executed (findings/redis-half-a-transaction.sh). A rewritten file has no such part.
 * Called again it does nothing until the connection has been lost. @throws errors of ioredis, also when Redis forbids it.
 */
export function createLogRewriter(redis: RedisClient): () => Promise<void> {
  // In a cluster a connection that was lost is replaced by another one.
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
