import { Cluster, type Redis } from "ioredis";

/**
 * A connection for commands: to a single server (perhaps the master that sentinels name), or to all nodes of a cluster.
 */
export type RedisClient = Redis | Cluster;

/**
 * Returns the connections to all servers that accept writes. Use them for INFO, CONFIG and PING: a cluster would send
 * these to one node at random.
 */
export function mastersOf(redis: RedisClient): Redis[] {
  return redis instanceof Cluster ? redis.nodes("master") : [redis];
}

/**
 * Checks whether Redis replies. In a cluster, most masters must reply. If a single master does not, only the users
 * whose keys it has must wait, until a replica takes over; that is no reason to refuse all other users. @throws the
 * error of a master that does not reply
 */
export async function pingRedis(redis: RedisClient): Promise<void> {
  const masters = mastersOf(redis);
  // A cluster without a connection has no masters; `ping` then fails with the reason.
  if (masters.length === 0) await redis.ping();
  const replies = await Promise.allSettled(masters.map((master) => master.ping()));
  const failed = replies.filter((reply) => reply.status === "rejected");
  if (2 * failed.length >= replies.length) for (const { reason } of failed) throw reason;
}
