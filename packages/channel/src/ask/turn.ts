import type { EventBody } from "@docrelay/protocol";
import type { AskBody } from "./accept.ts";
import type { AskAddress, ConversationAddress } from "../redis/address.ts";
import { conversationScript, eventRests, runOn } from "./conversation-script.ts";
import { SUPPORTED_RECORD_VERSION, wrongAnswer, type Reply, type Store } from "../redis/store.ts";

/** An ask as its worker sees it. Times are ms of Redis's clock; `now` is when this was read. */
export interface TakenAsk {
  readonly address: AskAddress;
  readonly conversation: string;
  readonly id: string;
  readonly body: AskBody;
  /** Engine calls begun so far. */
  readonly attempt: number;
  /** Events written in this attempt. */
  readonly n: number;
  /** Times it was taken and not brought to an engine call: crashes, when it grows. */
  readonly taken: number;
  readonly cancelled: boolean;
  readonly acceptedAt: number;
  readonly deadline: number;
  readonly now: number;
  /** Position of its `accepted` event. */
  readonly seq: number;
  readonly trace: string;
  /** It has been parked (or handed back) before: what it waited for was not there when it came. */
  readonly waited: boolean;
  /** Taking it has begun `attempt` already; see {@link take}. */
  readonly begun: boolean;
  /** Its last owner ran it and never let go of it: that one may have died of it. */
  readonly orphaned: boolean;
}

/** Another worker, the sweeper or a cancel has ended the ask. */
export type Ended = { kind: "ended"; how: string };
export type Taken = { kind: "empty" } | { kind: "newer" } | { kind: "taken"; ask: TakenAsk };

/** How long a running ask may go without {@link renew} before the sweeper rings for it. */
const RUNNING_LOOK_MS = 15_000;
const PARKED_LOOK_MS = 5000;

/** What a script sets when it begins an engine call: `attempt` is the number of the one before. */
const BEGINS = "'attempt', attempt + 1, 'n', 0, 'taken', 0, 'begun', owner";
const RECORD_FIELDS =
  "'v','conversation','id','body','attempt','n','taken','cancel','accepted','deadline','seq','trace','state','looks','released','begun'";

/** An ask that was taken this often without being brought to an engine call kills whoever takes it. */
export const MOST_TAKEN = 5;

const TAKE = conversationScript(`
local owner, max = arg[1], tonumber(arg[2])
while true do
  local a = redis.call('LINDEX', mail, 0)
  if not a then return { 'EMPTY' } end
  local r = redis.call('HMGET', records .. a, 'state', 'owner', 'v')
  if r[1] and r[1] ~= 'ended' then
    if tonumber(r[3]) > ${SUPPORTED_RECORD_VERSION} then return { 'NEWER' } end
    local orphaned = false
    if r[2] ~= owner then
      orphaned = r[1] == 'running'
      local t = redis.call('HMGET', records .. a, 'taken', 'attempt', 'files', 'cancel', 'deadline')
      local taken, attempt = tonumber(t[1]) + 1, tonumber(t[2])
      if not orphaned and t[3] == '0' and attempt < max and t[4] ~= '1' and now < tonumber(t[5]) and taken <= ${MOST_TAKEN} then
        redis.call('HSET', records .. a, 'owner', owner, 'state', 'running', 'looks', 0, ${BEGINS})
      else
        redis.call('HSET', records .. a, 'owner', owner, 'state', 'running', 'looks', 0, 'taken', taken)
      end
    end
    look_at(a, now + ${RUNNING_LOOK_MS})
    renew_if_old(a)
    return { orphaned and 'ORPHAN' or 'TAKEN', a, ms(now), unpack(redis.call('HMGET', records .. a, ${RECORD_FIELDS})) }
  end
  redis.call('LREM', mail, 0, a)
  redis.call('SREM', live, a)
  redis.call('ZREM', due, member_prefix .. a)
end
`);

/**
 * Makes the caller the owner of the ask at the head of a mailbox, whoever owned it before. The same owner gets the same
 * answer; another one counts as a crash of the former (`taken` + 1) until `begin`, `park` or `handBack` takes it back.
 *
 * An ask without files has nothing to wait for: if it was not left behind by a crash, there were fewer than `maxAttempts`
 * calls, and nothing else speaks against it, taking it is its {@link begin} too, which saves its first word a turn of the
 * store's disk. Without `maxAttempts` none is begun.
 */
export async function take(
  store: Store,
  conversation: ConversationAddress,
  owner: string,
  maxAttempts = 0,
): Promise<Taken> {
  const reply = await runOn(store, conversation, TAKE, [owner, maxAttempts]);
  if (reply[0] === "EMPTY") return { kind: "empty" };
  if (reply[0] === "NEWER") return { kind: "newer" };
  if (reply[0] !== "TAKEN" && reply[0] !== "ORPHAN") throw wrongAnswer("take", reply);
  const { shard, u, c } = conversation;
  return { kind: "taken", ask: readRecord({ shard, u, c, a: String(reply[1]) }, reply, owner) };
}

/** Reads `[status, a, now, …RECORD_FIELDS]`, as `owner` sees it. */
export function readRecord(
  address: AskAddress,
  reply: Reply,
  owner?: string,
): TakenAsk & { state: string; looks: number } {
  const [
    ,
    ,
    now,
    ,
    conversation,
    id,
    body,
    attempt,
    n,
    taken,
    cancel,
    accepted,
    deadline,
    seq,
    trace,
    state,
    looks,
    released,
    begun,
  ] = reply;
  return {
    address,
    conversation: String(conversation),
    id: String(id),
    body: JSON.parse(String(body)) as AskBody,
    attempt: Number(attempt),
    n: Number(n),
    taken: Number(taken),
    cancelled: cancel === "1",
    acceptedAt: Number(accepted),
    deadline: Number(deadline),
    now: Number(now),
    seq: Number(seq),
    trace: String(trace),
    waited: typeof released === "string",
    begun: owner !== undefined && begun === owner,
    orphaned: reply[0] === "ORPHAN",
    state: String(state),
    looks: Number(looks),
  };
}

const BEGIN = conversationScript(`
local a, owner, max = arg[1], arg[2], tonumber(arg[3])
local r = redis.call('HMGET', records .. a, 'state', 'owner', 'begun', 'attempt', 'cancel', 'how')
if not r[1] or r[1] == 'ended' then return { 'ENDED', r[6] or 'gone' } end
if r[2] ~= owner then return { 'STALE' } end
if r[5] == '1' then return { 'CANCELLED' } end
local attempt = tonumber(r[4])
if r[3] == owner then return { 'BEGUN', attempt } end
if attempt >= max then return { 'EXHAUSTED' } end
redis.call('HSET', records .. a, ${BEGINS})
look_at(a, now + ${RUNNING_LOOK_MS})
renew_if_old(a)
return { 'BEGUN', attempt + 1 }
`);

/**
 * Counts an engine call, just before it is made: `attempt` is its number, and whatever an earlier attempt still wants
 * to write is stale from here on. One owner begins once: sent again it answers the same attempt.
 */
export async function begin(
  store: Store,
  ask: { address: AskAddress },
  owner: string,
  maxAttempts: number,
): Promise<{ kind: "begun"; attempt: number } | { kind: "exhausted" | "cancelled" | "stale" } | Ended> {
  const reply = await runOn(store, ask.address, BEGIN, [ask.address.a, owner, maxAttempts]);
  if (reply[0] === "BEGUN") return { kind: "begun", attempt: Number(reply[1]) };
  if (reply[0] === "EXHAUSTED") return { kind: "exhausted" };
  return refusal("begin", reply);
}

const APPEND = conversationScript(`
local a, attempt, n = arg[1], tonumber(arg[2]), tonumber(arg[3])
local r = redis.call('HMGET', records .. a, 'state', 'attempt', 'n', 'cancel', 'how')
if not r[1] or r[1] == 'ended' then return { 'ENDED', r[5] or 'gone' } end
if tonumber(r[2]) ~= attempt then return { 'STALE' } end
if n <= tonumber(r[3]) then return { 'DONE' } end
if n ~= tonumber(r[3]) + 1 then return { 'STALE' } end
if r[4] == '1' then return { 'CANCELLED' } end
local seq
for i = 4, #arg do seq = write(attempt, arg[i]) end
redis.call('HSET', records .. a, 'n', n + #arg - 4)
return { 'WRITTEN', seq }
`);

/**
 * Writes the n-th event of an attempt and those after it to the log and publishes them, all or none, if the attempt is
 * the stored one and n the next. n counts from 1; of attempt 0, n = file index + 1. Answers the seq of the last. `done`:
 * they are written already (a re-send: always of the same events).
 */
export async function append(
  store: Store,
  ask: TakenAsk,
  at: { attempt: number; n: number },
  events: readonly EventBody[],
  nonce: string,
): Promise<{ kind: "written"; seq: number } | { kind: "done" | "stale" | "cancelled" } | Ended> {
  const rests = eventRests(ask, nonce, events);
  const reply = await runOn(store, ask.address, APPEND, [ask.address.a, at.attempt, at.n, ...rests]);
  if (reply[0] === "WRITTEN") return { kind: "written", seq: Number(reply[1]) };
  if (reply[0] === "DONE") return { kind: "done" };
  return refusal("append", reply);
}

const RELEASE = conversationScript(`
local a, owner, state = arg[1], arg[2], arg[3]
local r = redis.call('HMGET', records .. a, 'state', 'owner', 'taken', 'cancel', 'how', 'released')
if not r[1] or r[1] == 'ended' then return { 'ENDED', r[5] or 'gone' } end
if r[6] == owner then return { 'RELEASED' } end
if r[2] ~= owner then return { 'STALE' } end
if r[4] == '1' then return { 'CANCELLED' } end
redis.call('HSET', records .. a, 'state', state, 'owner', '', 'released', owner, 'taken', math.max(0, tonumber(r[3]) - 1))
look_at(a, now + (state == 'parked' and ${PARKED_LOOK_MS} or 0))
renew_if_old(a)
return { 'RELEASED' }
`);

type Released<K extends string> = { kind: K | "stale" | "cancelled" } | Ended;

/** Lets go of an ask that waits for texts. Look at the texts once more afterwards: one may have come in between. */
export async function park(store: Store, ask: { address: AskAddress }, owner: string): Promise<Released<"parked">> {
  const reply = await runOn(store, ask.address, RELEASE, [ask.address.a, owner, "parked"]);
  return reply[0] === "RELEASED" ? { kind: "parked" } : refusal("park", reply);
}

/** Gives an ask back at shutdown, to be taken by another worker at once. */
export async function handBack(
  store: Store,
  ask: { address: AskAddress },
  owner: string,
): Promise<Released<"handed-back">> {
  const reply = await runOn(store, ask.address, RELEASE, [ask.address.a, owner, "queued"]);
  return reply[0] === "RELEASED" ? { kind: "handed-back" } : refusal("hand back", reply);
}

const RENEW = conversationScript(`
local a, owner = arg[1], arg[2]
local r = redis.call('HMGET', records .. a, 'state', 'owner', 'cancel', 'how')
if not r[1] or r[1] == 'ended' then return { 'ENDED', r[4] or 'gone' } end
if r[2] ~= owner then return { 'STALE' } end
look_at(a, now + ${RUNNING_LOOK_MS})
renew_if_old(a)
return { r[3] == '1' and 'CANCELLED' or 'OK' }
`);

/** Says that the owner is alive, and learns of a cancel whose hint was lost. Once a second per running ask. */
export async function renew(
  store: Store,
  ask: { address: AskAddress },
  owner: string,
): Promise<{ kind: "ok" | "cancelled" | "stale" } | Ended> {
  const reply = await runOn(store, ask.address, RENEW, [ask.address.a, owner]);
  return reply[0] === "OK" ? { kind: "ok" } : refusal("renew", reply);
}

function refusal(step: string, reply: Reply): { kind: "cancelled" | "stale" } | Ended {
  switch (reply[0]) {
    case "CANCELLED":
      return { kind: "cancelled" };
    case "STALE":
      return { kind: "stale" };
    case "ENDED":
      return { kind: "ended", how: String(reply[1]) };
    default:
      throw wrongAnswer(step, reply);
  }
}
