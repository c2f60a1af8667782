import { SHARDS, type AskAddress } from "../redis/address.ts";
import { conversationScript, parseMember, runOn } from "./conversation-script.ts";
import { dueKey, SWEEP_LEASE_KEY } from "../redis/keys.ts";
import { run, script, SUPPORTED_RECORD_VERSION, type Store } from "../redis/store.ts";
import { readRecord, type TakenAsk } from "./turn.ts";

const LEASE = script(`
if redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2], 'NX') then return { 'MINE' } end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return { 'OTHERS' } end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return { 'MINE' }
`);

/** Takes or renews the sweeper's lease; false while another process holds it. Two sweepers at once do no harm. */
export async function holdLease(store: Store, token: string, ms: number): Promise<boolean> {
  const reply = await run(store.redis, LEASE, [SWEEP_LEASE_KEY], [token, ms]);
  return reply[0] === "MINE";
}

/** Asks whose time to be looked at has come, at most `limit` of each shard. */
export async function dueAsks(store: Store, limit: number): Promise<AskAddress[]> {
  const [seconds, micros] = (await store.redis.time()) as unknown as [string, string];
  const now = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  const answers = await eachShard(store, (pipeline, key) => pipeline.zrangebyscore(key, 0, now, "LIMIT", 0, limit));
  return answers.flatMap(([shard, members]) =>
    (members as string[]).flatMap((member) => parseMember(shard, member) ?? []),
  );
}

/** How many asks are unfinished, over all users. */
export async function countUnfinished(store: Store): Promise<number> {
  const answers = await eachShard(store, (pipeline, key) => pipeline.zcard(key));
  return answers.reduce((sum, [, count]) => sum + Number(count), 0);
}

type Pipeline = ReturnType<Store["redis"]["pipeline"]>;

async function eachShard(
  store: Store,
  command: (pipeline: Pipeline, key: string) => Pipeline,
): Promise<Array<[string, unknown]>> {
  const pipeline = store.redis.pipeline();
  for (const shard of SHARDS) command(pipeline, dueKey(shard));
  const answers = (await pipeline.exec()) ?? [];
  return answers.map(([error, answer], index) => {
    if (error) throw error;
    return [SHARDS[index] ?? "", answer];
  });
}

const LOOK = conversationScript(`
local a = arg[1]
local rec = records .. a
local r = redis.call('HMGET', rec, 'state', 'deadline', 'v')
if not r[1] or r[1] == 'ended' then
  redis.call('ZREM', due, member_prefix .. a)
  redis.call('LREM', mail, 0, a)
  redis.call('SREM', live, a)
  return { 'GONE' }
end
local looks = redis.call('HINCRBY', rec, 'looks', 1)
local expired = now >= tonumber(r[2])
-- An expired ask is ended by whoever looks; should that fail, the next look is soon.
if expired then redis.call('ZADD', due, ms(now + 1000), member_prefix .. a)
else look_at(a, now + math.min(60000, looks <= 1 and 5000 or (looks - 1) * 10000)) end
renew(a)
if tonumber(r[3]) > ${SUPPORTED_RECORD_VERSION} then return { 'NEWER' } end
return { expired and 'EXPIRED' or 'FOUND', a, ms(now),
  unpack(redis.call('HMGET', rec, 'v','conversation','id','body','attempt','n','taken','cancel','accepted','deadline','seq','trace','state','looks','released')) }
`);

export type Looked =
  /** It has ended, or a newer worker's version: nothing to do. */
  { kind: "gone" } | { kind: "found"; ask: TakenAsk & { state: string; looks: number }; expired: boolean };

/** Looks at one due ask and puts its next look 5, 10, 20 … 60 s away. Cleans the indexes of one that is gone. */
export async function look(store: Store, ask: AskAddress): Promise<Looked> {
  const reply = await runOn(store, ask, LOOK, [ask.a]);
  if (reply[0] === "GONE" || reply[0] === "NEWER") return { kind: "gone" };
  return { kind: "found", ask: readRecord(ask, reply), expired: reply[0] === "EXPIRED" };
}
