import { SHARDS, type AskAddress } from "../redis/address.ts";
import { exec } from "../redis/exec.ts";
import { dueKey, KEYS } from "../redis/keys.ts";
import { lua, run, script } from "../redis/script.ts";
import { redisTime, SUPPORTED_RECORD_VERSION, type Store } from "../redis/store.ts";
import { parseMember, runStep, step } from "./conversation-script.ts";
import { readRecord, type CheckedAsk } from "./record.ts";

const LEASE = script({
  files: [lua(import.meta.url, "lease.lua")],
  keys: ["lease"],
  args: { token: "text", leaseMs: "number" },
});

/** Acquires or renews the sweeper's lease; false while another process holds it. Two sweepers at once do no harm. */
export async function holdLease(store: Store, token: string, leaseMs: number): Promise<boolean> {
  const input = { keys: { lease: KEYS.sweepLease.pattern }, args: { token, leaseMs } };
  const [status] = await run(store.redis, LEASE, input);
  return status === "HELD";
}

/** Asks that are due for a check, at most `limit` of each shard. */
export async function dueAsks(store: Store, limit: number): Promise<AskAddress[]> {
  const now = await redisTime(store.redis);
  const replies = await eachShard(store, (pipeline, key) => pipeline.zrangebyscore(key, 0, now, "LIMIT", 0, limit));
  return replies.flatMap(([shard, members]) =>
    (members as string[]).flatMap((member) => parseMember(shard, member) ?? []),
  );
}

/** How many asks are unfinished, over all users. */
export async function countUnfinished(store: Store): Promise<number> {
  const replies = await eachShard(store, (pipeline, key) => pipeline.zcard(key));
  return replies.reduce((sum, [, count]) => sum + Number(count), 0);
}

type Pipeline = ReturnType<Store["redis"]["pipeline"]>;

async function eachShard(
  store: Store,
  command: (pipeline: Pipeline, key: string) => Pipeline,
): Promise<Array<[string, unknown]>> {
  const pipeline = store.redis.pipeline();
  for (const shard of SHARDS) command(pipeline, dueKey(shard));
  const replies = await exec(pipeline);
  return replies.map((reply, index) => [SHARDS[index] ?? "", reply]);
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
/** Next checks come after 5, 10, 20, … 60 s; of an expired ask, after 1 s. */
const CHECK_TIMES = { firstMs: 5000, stepMs: 10_000, maxMs: 60_000, expiredMs: 1000 };

/** `gone`: it has ended, or a newer worker wrote it; there is nothing to do. */
export type Checked = { kind: "gone" } | { kind: "found"; ask: CheckedAsk; expired: boolean };

/** Reads one due ask and puts its next check off. Removes an ask that is gone from the indexes. */
export async function checkAsk(store: Store, ask: AskAddress): Promise<Checked> {
  const args = { ask: ask.a, recordVersion: SUPPORTED_RECORD_VERSION, ...CHECK_TIMES };
  const reply = await runStep(store, ask, CHECK, args);
  if (reply[0] === "GONE" || reply[0] === "NEWER") return { kind: "gone" };
  return { kind: "found", ask: readRecord(ask, reply), expired: reply[0] === "EXPIRED" };
}
