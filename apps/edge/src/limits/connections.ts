import { userAddress } from "@docrelay/channel";
import { refuse } from "@docrelay/protocol";
import type { Redis } from "ioredis";

/**
 * How many connections a user has, on all edges together: a sorted set per user of `<node>:<n>` by when it runs out.
 * Each edge renews its own, so that those of a killed edge are gone after a lease.
 */
export interface Connections extends AsyncDisposable {
  /** Takes a place; the returned function gives it back and may be called twice. @throws Refusal `TOO_MANY_CONNECTIONS`. */
  take(user: string): Promise<() => void>;
  readonly count: number;
}

const LEASE_MS = 60_000;
const RENEW_MS = 20_000;
const RETRY_MS = 5000;

const NOW = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local lease = tonumber(ARGV[1])
`;
const TAKE = `${NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + lease), ARGV[3])
redis.call('PEXPIRE', KEYS[1], lease)
return 1
`;
const RENEW = `${NOW}
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], string.format('%.0f', now + lease), ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], lease)
return 1
`;

function keyOf(user: string): string {
  const { shard, u } = userAddress(user);
  return `{${shard}}:${u}:sockets`;
}

/** @param onError what Redis answers when a renewal fails; the places are renewed again with the next one. */
export function createConnections(of: {
  redis: Redis;
  node: string;
  max: number;
  onError: (error: unknown) => void;
}): Connections {
  const places = new Map<string, Set<string>>();
  let next = 0;
  let count = 0;

  const renew = async (): Promise<void> => {
    const users = [...places];
    // In slices, so that a large edge does not send one giant pipeline.
    for (let at = 0; at < users.length; at += 500) {
      const pipeline = of.redis.pipeline();
      for (const [user, mine] of users.slice(at, at + 500)) pipeline.eval(RENEW, 1, keyOf(user), LEASE_MS, ...mine);
      await pipeline.exec();
    }
  };
  const timer = setInterval(() => void renew().catch(of.onError), RENEW_MS);
  timer.unref();

  function drop(user: string, place: string): boolean {
    const mine = places.get(user);
    if (!mine?.delete(place)) return false;
    if (mine.size === 0) places.delete(user);
    count--;
    return true;
  }

  return {
    get count() {
      return count;
    },
    async take(user) {
      const mine = places.get(user) ?? new Set();
      const tooMany = refuse("TOO_MANY_CONNECTIONS", { retryAfterMs: RETRY_MS });
      if (mine.size >= of.max) throw tooMany;
      const place = `${of.node}:${next++}`;
      places.set(user, mine.add(place));
      count++;
      // Without Redis the cap is this edge's own: it protects, and must not lock anybody out.
      const granted = await of.redis.eval(TAKE, 1, keyOf(user), LEASE_MS, of.max, place).catch(() => 1);
      if (granted !== 1) {
        drop(user, place);
        throw tooMany;
      }
      return () => {
        if (drop(user, place)) of.redis.zrem(keyOf(user), place).catch(() => undefined); // runs out by itself
      };
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      const pipeline = of.redis.pipeline();
      for (const [user, mine] of places) pipeline.zrem(keyOf(user), ...mine);
      places.clear();
      await pipeline.exec();
    },
  };
}
