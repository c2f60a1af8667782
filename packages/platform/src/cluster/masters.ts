import { Cluster, type Redis } from "ioredis";

/** A connection for commands: of a single server (or the master that sentinels name), or of all nodes of a cluster. */
export type RedisClient = Redis | Cluster;

/** Each server that takes writes: INFO, CONFIG or PING of a cluster reach one node at random. */
export function mastersOf(redis: RedisClient): Redis[] {
  return redis instanceof Cluster ? redis.nodes("master") : [redis];
}

/**
 * Whether Redis replies. Of a cluster most masters must: those that are silent hold up their own users until a replica
 * takes over, which is no reason to send all others away. @throws the error of one that does not reply
 */
export async function pingRedis(redis: RedisClient): Promise<void> {
  const masters = mastersOf(redis);
  // A cluster that is not connected has none.
  if (masters.length === 0) await redis.ping();
  const replies = await Promise.allSettled(masters.map((master) => master.ping()));
  const failed = replies.filter((reply) => reply.status === "rejected");
  if (2 * failed.length >= replies.length) for (const { reason } of failed) throw reason;
}
