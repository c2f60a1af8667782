import { Cluster, type Redis } from "ioredis";

/** A connection for commands: to a single server (or the master that sentinels name), or to all nodes of a cluster. */
export type RedisClient = Redis | Cluster;

/**
 * Each server that accepts writes. Use it for INFO, CONFIG and PING: sent to a cluster, these reach one node at random.
 */
export function mastersOf(redis: RedisClient): Redis[] {
  return redis instanceof Cluster ? redis.nodes("master") : [redis];
}

/**
 * Checks whether Redis replies. Of a cluster, most masters must reply: a silent master delays only its own users until
 * a replica takes over, which is no reason to refuse all other users. @throws the error of a master that does not reply
 */
export async function pingRedis(redis: RedisClient): Promise<void> {
  const masters = mastersOf(redis);
  // A cluster that is not connected has no masters.
  if (masters.length === 0) await redis.ping();
  const replies = await Promise.allSettled(masters.map((master) => master.ping()));
  const failed = replies.filter((reply) => reply.status === "rejected");
  if (2 * failed.length >= replies.length) for (const { reason } of failed) throw reason;
}
