import { readTrace, type Event, type EventOf } from "@docrelay/protocol";
import { askAddress, conversationAddress, SHARDS, type AskAddress } from "../redis/address.ts";
import { dueKey, liveKey, logKey, recordKey } from "../redis/keys.ts";
import { redisTime, sealingOf, workerOf, type Store } from "../redis/store.ts";
import { readEvent } from "../sealing/sealed-event.ts";
import { parseMember } from "./conversation-script.ts";

/**
 * An unfinished ask as operators see it, without its question, its files or its answer. Times are ms of Redis's clock.
 */
export interface AskFacts {
  /** The ask's address as one word, which {@link readAskKey} parses. */
  readonly key: string;
  readonly id: string;
  readonly conversation: string;
  /** The hash of the ask's user. */
  readonly u: string;
  readonly state: "queued" | "parked" | "running";
  readonly acceptedAt: number;
  readonly deadline: number;
  readonly attempt: number;
  readonly files: number;
  readonly trace: string;
  readonly worker: string | undefined;
}

const FACTS = ["id", "conversation", "state", "accepted", "deadline", "attempt", "files", "trace", "owner"] as const;
const RECORDS_AT_ONCE = 500;

/** Writes an ask's address as one word. */
export function askKey({ shard, u, c, a }: AskAddress): string {
  return [shard, u, c, a].join(".");
}
/** Reads an ask's address back from the word that {@link askKey} made; undefined for any other text. */
export function readAskKey(key: string): AskAddress | undefined {
  const [, shard = "", u = "", c = "", a = ""] =
    /^(s[\da-f]{2})\.([\w-]{22})\.([\w-]{22})\.([\w-]{22})$/.exec(key) ?? [];
  return shard === "" ? undefined : { shard, u, c, a };
}

/**
 * Returns at most `limit` unfinished asks of all users, and the number of all unfinished asks (`sum`). Reads every
 * unfinished ask of Redis, so do not call it for every request.
 */
export async function unfinishedAsks(
  store: Store,
  limit: number,
): Promise<{ asks: AskFacts[]; sum: number; now: number }> {
  // No pipeline is used, because in a cluster the shards are on several nodes. ioredis sends the commands of one tick
  // together anyway.
  const shards = await Promise.all(
    SHARDS.map(async (shard) => ({
      shard,
      count: await store.redis.zcard(dueKey(shard)),
      asks: await store.redis.zrange(dueKey(shard), "0", String(limit - 1)),
    })),
  );
  const members = shards.flatMap(({ shard, asks }) => asks.flatMap((member) => parseMember(shard, member) ?? []));
  const sum = shards.reduce((all, { count }) => all + count, 0);
  return { asks: await factsOf(store, members.slice(0, limit)), sum, now: await redisTime(store.redis) };
}

export async function unfinishedAsksOf(store: Store, user: string): Promise<AskFacts[]> {
  const at = askAddress(user, "", "");
  const asks = await store.redis.smembers(liveKey(at));
  if (asks.length === 0) return [];
  const conversations = await Promise.all(asks.map((a) => store.redis.hget(recordKey({ ...at, a }), "c")));
  return factsOf(
    store,
    asks.flatMap((a, index) => (conversations[index] ? [{ ...at, c: conversations[index], a }] : [])),
  );
}

async function factsOf(store: Store, asks: readonly AskAddress[]): Promise<AskFacts[]> {
  const found: AskFacts[] = [];
  for (let from = 0; from < asks.length; from += RECORDS_AT_ONCE) {
    const some = asks.slice(from, from + RECORDS_AT_ONCE);
    const records = await Promise.all(some.map((address) => store.redis.hmget(recordKey(address), ...FACTS)));
    for (const [index, address] of some.entries()) {
      const [id, conversation, state, accepted, deadline, attempt, files, trace, owner] = records[index] ?? [];
      if (!id || !conversation || (state !== "queued" && state !== "parked" && state !== "running")) continue;
      found.push({
        key: askKey(address),
        id,
        conversation,
        u: address.u,
        state,
        acceptedAt: Number(accepted),
        deadline: Number(deadline),
        attempt: Number(attempt),
        files: Number(files),
        trace: readTrace(trace ?? "").trace,
        worker: owner ? workerOf(owner) : undefined,
      });
    }
  }
  return found;
}

/** Returns the address of a user's ask, running or ended; undefined when the ask's record is no longer kept. */
export async function addressOfAsk(store: Store, user: string, id: string): Promise<AskAddress | undefined> {
  const at = askAddress(user, "", id);
  const c = await store.redis.hget(recordKey(at), "c");
  return c ? { ...at, c } : undefined;
}

const ENTRIES_AT_ONCE = 200;
const MAX_ENTRIES = 6000;
const TERMINAL: ReadonlySet<string> = new Set(["completed", "failed", "cancelled"]);
/**
 * Finds the type of an event without parsing the event. The first match is the event's own type, because it comes
 * before any text of the event. Only terminal events are then parsed.
 */
const TYPE = /"type":"([a-z]+)"/;

/**
 * Returns the newest terminal events of a conversation, newest first, at most `limit`. Reads only the last {@link
 * MAX_ENTRIES} entries of its log.
 */
export async function lastEnds(
  store: Store,
  { user, conversation }: { readonly user: string; readonly conversation: string },
  limit: number,
): Promise<Array<EventOf<"completed" | "failed" | "cancelled">>> {
  const at = conversationAddress(user, conversation);
  const ends: Array<EventOf<"completed" | "failed" | "cancelled">> = [];
  let to = "+";
  for (let read = 0; read < MAX_ENTRIES; read += ENTRIES_AT_ONCE) {
    const entries = await store.redis.xrevrange(logKey(at), to, "-", "COUNT", ENTRIES_AT_ONCE);
    for (const [key, [, json = ""]] of entries) {
      to = `(${key}`;
      if (!TERMINAL.has(TYPE.exec(json)?.[1] ?? "")) continue;
      const event = readEvent(sealingOf(store), at.c, json);
      if (event.type !== "completed" && event.type !== "failed" && event.type !== "cancelled") continue;
      ends.push(event);
      if (ends.length >= limit) return ends;
    }
    if (entries.length < ENTRIES_AT_ONCE) break;
  }
  return ends;
}

/**
 * Returns the events of one ask in the log, up to its terminal event, and its facts while it is unfinished. The caller
 * removes what operators must not see. Returns undefined if the ask's record or its first event is no longer kept: the
 * oldest kept event may belong to another ask.
 */
export async function lifeOfAsk(
  store: Store,
  at: AskAddress,
): Promise<{ events: Event[]; facts: AskFacts | undefined; now: number } | undefined> {
  const [[c, seq], [facts], now] = await Promise.all([
    store.redis.hmget(recordKey(at), "c", "seq"),
    factsOf(store, [at]),
    redisTime(store.redis),
  ]);
  if (c !== at.c || !seq) return undefined;
  const events: Event[] = [];
  let from = `${seq}-0`;
  for (let read = 0; read < MAX_ENTRIES; read += ENTRIES_AT_ONCE) {
    const entries = await store.redis.xrange(logKey(at), from, "+", "COUNT", ENTRIES_AT_ONCE);
    for (const [key, [, json = "{}"]] of entries) {
      from = `(${key}`;
      const event = readEvent(sealingOf(store), at.c, json);
      if (!events[0] && event.seq !== Number(seq)) return undefined;
      if (events[0] && event.ask !== events[0].ask) continue;
      events.push(event);
      if (TERMINAL.has(event.type)) return { events, facts, now };
    }
    if (entries.length < ENTRIES_AT_ONCE) break;
  }
  return { events, facts, now };
}
