import { SHARDS, type AskAddress } from "../redis/address.ts";
import { exec } from "../redis/exec.ts";
import { dueKey, recordKey } from "../redis/keys.ts";
import { redisTime, SUPPORTED_RECORD_VERSION, type Store } from "../redis/store.ts";
import { parseMember, runStep, step } from "./conversation-script.ts";
import { readRecord, type CheckedAsk } from "./record.ts";

/** The shards that hold unfinished asks, and how many there are over all users. */
export async function countUnfinished(store: Store): Promise<{ sum: number; shards: string[] }> {
  const replies = await eachShard(store, SHARDS, (pipeline, key) => pipeline.zcard(key));
  return {
    sum: replies.reduce((sum, [, count]) => sum + Number(count), 0),
    shards: replies.flatMap(([shard, count]) => (Number(count) > 0 ? [shard] : [])),
  };
}

/** Asks that are due for a check, at most `limit` of each shard. */
export async function dueAsks(store: Store, limit: number, shards: readonly string[] = SHARDS): Promise<AskAddress[]> {
  if (shards.length === 0) return [];
  const now = await redisTime(store.redis);
  const replies = await eachShard(store, shards, (pipeline, key) =>
    pipeline.zrangebyscore(key, 0, now, "LIMIT", 0, limit),
  );
  return addressesIn(replies);
}

/** Most records that are read in one pipeline. */
const RECORDS_AT_ONCE = 500;

/**
 * All asks that a worker runs, and their owners, in batches. It reads every unfinished ask: for the moment when a worker
 * has died.
 */
export async function* runningAsks(
  store: Store,
  shards: readonly string[] = SHARDS,
): AsyncGenerator<Array<{ address: AskAddress; owner: string }>> {
  for (const shard of shards) {
    const asks = addressesIn(await eachShard(store, [shard], (pipeline, key) => pipeline.zrange(key, "0", "-1")));
    for (let from = 0; from < asks.length; from += RECORDS_AT_ONCE) {
      const some = asks.slice(from, from + RECORDS_AT_ONCE);
      const pipeline = store.redis.pipeline();
      for (const address of some) pipeline.hmget(recordKey(address), "state", "owner");
      const records = (await exec(pipeline)) as Array<Array<string | null>>;
      yield records.flatMap(([state, owner], index) => {
        const address = some[index];
        return state === "running" && owner && address ? [{ address, owner }] : [];
      });
    }
  }
}

function addressesIn(replies: ReadonlyArray<[string, unknown]>): AskAddress[] {
  return replies.flatMap(([shard, members]) =>
    (members as string[]).flatMap((member) => parseMember(shard, member) ?? []),
  );
}

type Pipeline = ReturnType<Store["redis"]["pipeline"]>;

async function eachShard(
  store: Store,
  shards: readonly string[],
  command: (pipeline: Pipeline, key: string) => Pipeline,
): Promise<Array<[string, unknown]>> {
  const pipeline = store.redis.pipeline();
  for (const shard of shards) command(pipeline, dueKey(shard));
  const replies = await exec(pipeline);
  return replies.map((reply, index) => [shards[index] ?? "", reply]);
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
/** Next checks come after 1, 2, 4, 6 … 60 s; of an expired ask, after 1 s. */
const CHECK_TIMES = { firstMs: 1000, stepMs: 2000, maxMs: 60_000, expiredMs: 1000 };

/** `gone`: it has ended, or a newer worker wrote it; there is nothing to do. */
export type Checked = { kind: "gone" } | { kind: "found"; ask: CheckedAsk; expired: boolean };

/** Reads one due ask and puts its next check off. Removes an ask that is gone from the indexes. */
export async function checkAsk(store: Store, ask: AskAddress): Promise<Checked> {
  const args = { ask: ask.a, recordVersion: SUPPORTED_RECORD_VERSION, ...CHECK_TIMES };
  const reply = await runStep(store, ask, CHECK, args);
  if (reply[0] === "GONE" || reply[0] === "NEWER") return { kind: "gone" };
  return { kind: "found", ask: readRecord(store, ask, reply), expired: reply[0] === "EXPIRED" };
}
