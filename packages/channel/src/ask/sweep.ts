import { SHARDS, type AskAddress } from "../redis/address.ts";
import { dueKey, recordKey } from "../redis/keys.ts";
import { redisTime, SUPPORTED_RECORD_VERSION, type Store } from "../redis/store.ts";
import { parseMember, runStep, step } from "./conversation-script.ts";
import { readRecord, type CheckedAsk } from "./record.ts";

/**
 * Returns the shards that hold unfinished asks, and the number of unfinished asks of all users. `isWhole`: every shard
 * was counted. In a cluster, a shard is left out when its master does not reply.
 */
export async function countUnfinished(store: Store): Promise<{ sum: number; shards: string[]; isWhole: boolean }> {
  const counts = await eachShard(SHARDS, (key) => store.redis.zcard(key));
  return {
    sum: counts.reduce((sum, [, count]) => sum + count, 0),
    shards: counts.flatMap(([shard, count]) => (count > 0 ? [shard] : [])),
    isWhole: counts.length === SHARDS.length,
  };
}

/** Returns the asks whose time for a check has come; at most `limit` of each shard. */
export async function dueAsks(store: Store, limit: number, shards: readonly string[] = SHARDS): Promise<AskAddress[]> {
  if (shards.length === 0) return [];
  const now = await redisTime(store.redis);
  return addressesIn(await eachShard(shards, (key) => store.redis.zrangebyscore(key, 0, now, "LIMIT", 0, limit)));
}

/** How many records one batch reads at most. */
const RECORDS_AT_ONCE = 500;

/**
 * Yields all asks that a worker runs, and their owners, in batches. Reads every unfinished ask of Redis, so call it
 * only when a worker has died.
 */
export async function* runningAsks(
  store: Store,
  shards: readonly string[] = SHARDS,
): AsyncGenerator<Array<{ address: AskAddress; owner: string }>> {
  for (const shard of shards) {
    const asks = addressesIn(await eachShard([shard], (key) => store.redis.zrange(key, "0", "-1")));
    for (let from = 0; from < asks.length; from += RECORDS_AT_ONCE) {
      const some = asks.slice(from, from + RECORDS_AT_ONCE);
      const records = await Promise.all(some.map((address) => store.redis.hmget(recordKey(address), "state", "owner")));
      yield records.flatMap(([state, owner], index) => {
        const address = some[index];
        return state === "running" && owner && address ? [{ address, owner }] : [];
      });
    }
  }
}

function addressesIn(replies: ReadonlyArray<[string, string[]]>): AskAddress[] {
  return replies.flatMap(([shard, members]) => members.flatMap((member) => parseMember(shard, member) ?? []));
}

/**
 * Queries each shard with a command of its own. A pipeline is not used: in a cluster the shards are on several nodes,
 * and a node that is away must not hold up the others. ioredis sends the commands of one tick together anyway.
 * @throws the first error when no shard replies
 */
async function eachShard<T>(
  shards: readonly string[],
  command: (key: string) => Promise<T>,
): Promise<Array<[shard: string, reply: T]>> {
  const replies = await Promise.allSettled(
    shards.map(async (shard): Promise<[string, T]> => [shard, await command(dueKey(shard))]),
  );
  const found = replies.flatMap((reply) => (reply.status === "fulfilled" ? [reply.value] : []));
  for (const reply of replies) if (reply.status === "rejected" && found.length === 0) throw reply.reason;
  return found;
}

const CHECK = step(
  "check.lua",
  {
    ask: "text",
    recordVersion: "number",
    firstMs: "number",
    stepMs: "number",
    maxMs: "number",
    expiredMs: "number",
  },
  { describes: true },
);
/**
 * After how many ms the sweeper checks an ask again: after 1, 2, 4, 6 … 60 s, longer after each check. An expired ask
 * is checked again after 1 s each time.
 */
const CHECK_TIMES = { firstMs: 1000, stepMs: 2000, maxMs: 60_000, expiredMs: 1000 };

/** `gone`: the ask has ended, or a newer version of docrelay wrote its record; the sweeper has nothing to do. */
export type Checked = { kind: "gone" } | { kind: "found"; ask: CheckedAsk; expired: boolean };

/** Reads one due ask and sets when it is checked next. If the ask has ended, removes it from the indexes. */
export async function checkAsk(store: Store, ask: AskAddress): Promise<Checked> {
  const args = { ask: ask.a, recordVersion: SUPPORTED_RECORD_VERSION, ...CHECK_TIMES };
  const reply = await runStep(store, ask, CHECK, args);
  if (reply[0] === "GONE" || reply[0] === "NEWER") return { kind: "gone" };
  return { kind: "found", ask: readRecord(store, ask, reply), expired: reply[0] === "EXPIRED" };
}
