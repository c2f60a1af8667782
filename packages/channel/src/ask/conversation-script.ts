import type { AskAddress, ConversationAddress } from "../redis/address.ts";
import { frameAround } from "../log/frame.ts";
import { channelOf, conversationsKey, dueKey, liveKey, logKey, mailKey, metaKey, recordPrefix } from "../redis/keys.ts";
import { run, script, type Reply, type Script, type Store } from "../redis/store.ts";

/** How long a conversation with an unfinished ask outlives that ask's deadline: time for the sweeper to end it. */
const GRACE_MS = 60_000;
const MAX_EVENTS = 5000;
const MAX_BYTES = 8_000_000;

/*
 * What all scripts of a conversation begin with. All keys are in the slot of the shard; records are found by prefix,
 * since only the script knows which ask is the head of the mailbox.
 */
const PRELUDE = `
local due, live, convs, log, mail, meta, records = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local retention, unfinished, max_events, max_bytes = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local member_prefix, channel, frame_head, frame_tail = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local arg = {}
for i = 9, #ARGV do arg[i - 8] = ARGV[i] end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local function ms(value) return string.format('%.0f', value) end

local function field(a, name) return redis.call('HGET', records .. a, name) end

-- All keys of a conversation live and die together, so that none outlives what it refers to.
local function renew(a)
  local keep = redis.call('EXISTS', mail) == 1 and unfinished or retention
  for _, key in ipairs({ log, mail, meta }) do redis.call('PEXPIRE', key, keep) end
  if a then redis.call('PEXPIRE', records .. a, keep) end
  redis.call('PEXPIRE', live, unfinished)
  redis.call('PEXPIRE', convs, retention)
end

-- Of an unfinished ask all of them were renewed when it was accepted, for longer than it may take, and will be at its
-- end: in between once in a while is enough. Doing it at every step was a fifth of what a reply costs Redis, and a third
-- of its log.
local function renew_if_old(a)
  if redis.call('PTTL', log) < unfinished * 15 / 16 then renew(a) end
end

-- Oldest events go first, never those of an unfinished ask: asks run in order, so the head is the oldest of them.
local function trim(bytes)
  local count = redis.call('XLEN', log)
  if count <= max_events and bytes <= max_bytes then return end
  local head = redis.call('LINDEX', mail, 0)
  local floor = head and tonumber(field(head, 'seq')) or math.huge
  local dropped, freed, first = 0, 0, nil
  for _, entry in ipairs(redis.call('XRANGE', log, '-', '+', 'COUNT', 64)) do
    local seq = tonumber(string.match(entry[1], '^%d+'))
    if seq >= floor or (count - dropped <= max_events and bytes - freed <= max_bytes) then break end
    redis.call('XDEL', log, entry[1])
    dropped, freed, first = dropped + 1, freed + #entry[2][2], seq + 1
  end
  if first then
    redis.call('HSET', meta, 'first', first)
    redis.call('HINCRBY', meta, 'bytes', -freed)
  end
end

-- Log first, publish second: the frame is a hint, the stream is the truth. 'rest' is the caller's JSON without its
-- opening brace; it is never decoded here (cjson makes [] into {}).
local function write(attempt, rest)
  local seq = redis.call('HINCRBY', meta, 'seq', 1)
  if seq == 1 then redis.call('UNLINK', log) end
  local event = '{"seq":' .. seq .. ',"at":' .. ms(now) .. ',"attempt":' .. attempt .. ',' .. rest
  redis.call('XADD', log, seq .. '-0', 'e', event)
  local bytes = redis.call('HINCRBY', meta, 'bytes', #event)
  redis.call('SPUBLISH', channel, frame_head .. event .. frame_tail)
  trim(bytes)
  return seq
end

local function close(a, how, attempt, rest)
  local seq = write(attempt, rest)
  redis.call('HSET', records .. a, 'state', 'ended', 'how', how, 'end', seq)
  redis.call('HDEL', records .. a, 'body', 'owner')
  redis.call('LREM', mail, 0, a)
  redis.call('SREM', live, a)
  redis.call('ZREM', due, member_prefix .. a)
  redis.call('ZADD', convs, ms(now), string.match(member_prefix, '/(.*)/'))
  renew(a)
  return seq
end

-- When the sweeper looks at an ask next: never later than just after its deadline.
local function look_at(a, at)
  local deadline = tonumber(field(a, 'deadline'))
  if deadline and at > deadline and now < deadline then at = deadline end
  redis.call('ZADD', due, ms(at), member_prefix .. a)
end
`;

/** A script over one conversation's keys; see the names that {@link PRELUDE} gives it. */
export function conversationScript(body: string): Script {
  return script(PRELUDE + body);
}

/** Runs a conversation script; `args` are its `arg[1]` and on. */
export function runOn(
  store: Store,
  at: ConversationAddress,
  what: Script,
  args: Array<string | number>,
): Promise<Reply> {
  const keys = [
    dueKey(at.shard),
    liveKey(at),
    conversationsKey(at),
    logKey(at),
    mailKey(at),
    metaKey(at),
    recordPrefix(at),
  ];
  const unfinished = Math.max(store.retentionMs, store.askDeadlineMs + GRACE_MS);
  const [frameHead, frameTail] = frameAround(at, "event");
  return run(store.redis, what, keys, [
    store.retentionMs,
    unfinished,
    store.maxEvents ?? MAX_EVENTS,
    store.maxBytes ?? MAX_BYTES,
    `${at.u}/${at.c}/`,
    channelOf(at),
    frameHead,
    frameTail,
    ...args,
  ]);
}

/** The JSON of an event as a script takes it: without `seq`, `at`, `attempt` and without the opening brace. */
export function eventRest(conversation: string, ask: string, nonce: string, body: object): string {
  return JSON.stringify({ conversation, ask, nonce, ...body }).slice(1);
}

/** The same of events that are written together: each has a nonce of its own, made of that of their write. */
export function eventRests(
  { conversation, id }: { conversation: string; id: string },
  nonce: string,
  events: readonly object[],
): string[] {
  return events.map((body, index) => eventRest(conversation, id, index === 0 ? nonce : `${nonce}-${index}`, body));
}

/** Reads a member of a due set back into an address. */
export function parseMember(shard: string, member: string): AskAddress | undefined {
  const [u, c, a] = member.split("/");
  return u && c && a ? { shard, u, c, a } : undefined;
}
