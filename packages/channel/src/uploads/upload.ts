import { createHash } from "node:crypto";
import { userAddress, type UserAddress } from "../redis/address.ts";
import type { BlobStore } from "./blob-store.ts";
import { IDLE_UPLOAD_MS } from "./blob-store.ts";
import {
  bytesKey,
  heldKey,
  RESERVED_EXPIRY_KEY,
  RESERVED_KEY,
  RESERVED_TOTAL_KEY,
  retainKey,
  uploadKey,
} from "../redis/keys.ts";
import { run, script, wrongAnswer, type Store } from "../redis/store.ts";

/** An upload of one user. `offset`: how far its bytes are stored. `sha256`, `text` (key) once it is `done`. */
export interface UploadState {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly offset: number;
  readonly ref: string;
  readonly done: boolean;
  readonly sha256?: string;
  readonly text?: string;
}

const hashId = (id: string): string => createHash("sha256").update(id).digest("base64url").slice(0, 22);
const keyOf = (user: string, id: string): string => uploadKey(userAddress(user), hashId(id));

const RESERVE = script(`
local reserved, total, expiry = KEYS[1], KEYS[2], KEYS[3]
local ref, size, max, until_ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
if redis.call('HEXISTS', reserved, ref) == 0 then
  if tonumber(redis.call('GET', total) or 0) + size > max then return { 'BUSY' } end
  redis.call('HSET', reserved, ref, size)
  redis.call('INCRBY', total, size)
end
redis.call('ZADD', expiry, until_ms, ref)
return { 'OK' }
`);

const RELEASE = script(`
local reserved, total, expiry = KEYS[1], KEYS[2], KEYS[3]
local size = redis.call('HGET', reserved, ARGV[1])
if size then
  redis.call('HDEL', reserved, ARGV[1])
  redis.call('DECRBY', total, size)
end
redis.call('ZREM', expiry, ARGV[1])
return { 'OK' }
`);

/*
 * A user's share: every blob with when it stops counting. A blob counts once, however often it is held.
 */
const HOLD_LUA = `
local function hold(held, ref, size, max, now, keep, ttl)
  local sum, all = 0, redis.call('HGETALL', held)
  for i = 1, #all, 2 do
    local bytes, until_ms = string.match(all[i + 1], '(%d+):(%d+)')
    if tonumber(until_ms) < now then redis.call('HDEL', held, all[i])
    elseif all[i] ~= ref then sum = sum + tonumber(bytes) end
  end
  if sum + size > max then return false end
  redis.call('HSET', held, ref, string.format('%.0f:%.0f', size, now + keep))
  redis.call('PEXPIRE', held, ttl)
  return true
end
`;

const BEGIN = script(`${HOLD_LUA}
local up, held = KEYS[1], KEYS[2]
local name, size, ref, max, now, idle = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local known = redis.call('HMGET', up, 'name', 'size')
if known[1] then
  if known[1] ~= name or tonumber(known[2]) ~= size then return { 'CONFLICT' } end
  if redis.call('PTTL', up) < idle then redis.call('PEXPIRE', up, idle) end
  return { 'KNOWN' }
end
if not hold(held, ref, size, max, now, idle, ARGV[8]) then return { 'QUOTA' } end
redis.call('HSET', up, 'id', ARGV[9], 'name', name, 'type', ARGV[7], 'size', size, 'offset', 0, 'ref', ref, 'done', 0)
redis.call('PEXPIRE', up, idle)
return { 'BEGUN' }
`);

const HOLD = script(`${HOLD_LUA}
if not hold(KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[5]) then return { 'QUOTA' } end
return { 'OK' }
`);

/** What an upload's bytes take of the user's share and of everybody's, in bytes. */
export interface ByteShares {
  readonly maxUserBytes: number;
  readonly maxBytes: number;
}

/** Reserves room for bytes that came whole, under a new `ref`. A refusal has reserved nothing. */
export async function reserveBytes(
  store: Store,
  user: string,
  of: ByteShares & { ref: string; size: number },
): Promise<"reserved" | "quota" | "busy"> {
  const now = Date.now();
  const [everybody] = await run(store.redis, RESERVE, RESERVATION, [
    of.ref,
    of.size,
    of.maxBytes,
    now + store.retentionMs,
  ]);
  if (everybody === "BUSY") return "busy";
  const held = heldKey(userAddress(user));
  const [own] = await run(store.redis, HOLD, [held], [of.ref, of.size, of.maxUserBytes, now, store.retentionMs]);
  if (own === "OK") return "reserved";
  await run(store.redis, RELEASE, RESERVATION, [of.ref]);
  return "quota";
}

export type BegunUpload =
  | { kind: "begun"; upload: UploadState }
  /** The id names an upload of another name or size. */
  | { kind: "conflict" }
  /** The user's share is used up … */
  | { kind: "quota" }
  /** … or everybody's. Nothing was stored. */
  | { kind: "busy" };

/** Begins an upload and reserves its bytes, or finds the one already begun (then its own `ref` stays). Idempotent. */
export async function beginUpload(
  store: Store,
  user: string,
  of: ByteShares & { id: string; name: string; type: string; size: number; ref: string },
): Promise<BegunUpload> {
  const now = Date.now();
  const reserved = await run(store.redis, RESERVE, RESERVATION, [of.ref, of.size, of.maxBytes, now + IDLE_UPLOAD_MS]);
  if (reserved[0] === "BUSY") {
    const known = await readUpload(store, user, of.id);
    if (!known) return { kind: "busy" };
  }
  const keys = [keyOf(user, of.id), heldKey(userAddress(user))];
  const limits = [of.maxUserBytes, now, IDLE_UPLOAD_MS, of.type, store.retentionMs + IDLE_UPLOAD_MS, of.id];
  const reply = await run(store.redis, BEGIN, keys, [of.name, of.size, of.ref, ...limits]);
  if (reply[0] !== "BEGUN") await run(store.redis, RELEASE, RESERVATION, [of.ref]);
  if (reply[0] === "CONFLICT") return { kind: "conflict" };
  if (reply[0] === "QUOTA") return { kind: "quota" };
  const upload = await readUpload(store, user, of.id);
  if (!upload) throw wrongAnswer("beginUpload", reply);
  return { kind: "begun", upload };
}

const RESERVATION = [RESERVED_KEY, RESERVED_TOTAL_KEY, RESERVED_EXPIRY_KEY];

/** An upload as it stands; undefined when unknown or gone, also when it is another user's. */
export async function readUpload(store: Store, user: string, id: string): Promise<UploadState | undefined> {
  const fields = await store.redis.hgetall(keyOf(user, id));
  const { name, type, size, offset, ref, done, sha256, text } = fields;
  if (name === undefined || ref === undefined) return undefined;
  const state = { id, name, type: type ?? "", size: Number(size), offset: Number(offset), ref, done: done === "1" };
  return sha256 && text ? { ...state, sha256, text } : state;
}

/** Keeps a finished upload for the retention from now on: it was named by an ask. */
export async function renewUpload(store: Store, user: string, id: string): Promise<void> {
  await store.redis.pexpire(keyOf(user, id), store.retentionMs);
}

const ADVANCE = script(`
local up, offset, length, idle = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local at = tonumber(redis.call('HGET', up, 'offset') or -1)
if at < 0 then return { 'UNKNOWN' } end
if redis.call('PTTL', up) < idle then redis.call('PEXPIRE', up, idle) end
if offset < at then return { 'REPEATED', at } end
if offset > at then return { 'HOLE', at } end
redis.call('HSET', up, 'offset', at + length)
return { 'ADVANCED', at + length }
`);

export type Advanced =
  | { kind: "advanced" | "repeated"; offset: number }
  | { kind: "hole"; expectedOffset: number }
  | { kind: "unknown" };

/** Counts a chunk as stored. Write its bytes first: the offset must never be ahead of them. */
export async function advanceUpload(
  store: Store,
  user: string,
  id: string,
  offset: number,
  length: number,
): Promise<Advanced> {
  const reply = await run(store.redis, ADVANCE, [keyOf(user, id)], [offset, length, IDLE_UPLOAD_MS]);
  const at = Number(reply[1]);
  if (reply[0] === "ADVANCED") return { kind: "advanced", offset: at };
  if (reply[0] === "REPEATED") return { kind: "repeated", offset: at };
  if (reply[0] === "HOLE") return { kind: "hole", expectedOffset: at };
  return { kind: "unknown" };
}

const FINISH = script(`
local up, held = KEYS[1], KEYS[2]
local own = redis.call('HMGET', up, 'ref', 'size')
if not own[1] then return { 'UNKNOWN' } end
redis.call('HSET', up, 'sha256', ARGV[1], 'ref', ARGV[2], 'text', ARGV[3], 'done', 1)
redis.call('PEXPIRE', up, ARGV[4])
if own[1] ~= ARGV[2] then redis.call('HDEL', held, own[1])
else redis.call('HSET', held, own[1], own[2] .. ':' .. string.format('%.0f', tonumber(ARGV[5]) + tonumber(ARGV[4]))) end
return { 'OK' }
`);

/** Marks an upload as whole: from now on asks may name it. `ref` is where its bytes lie, `text` the key of its text. */
export async function finishUpload(
  store: Store,
  user: string,
  id: string,
  of: { sha256: string; ref: string; text: string },
): Promise<"finished" | "unknown"> {
  const keys = [keyOf(user, id), heldKey(userAddress(user))];
  const reply = await run(store.redis, FINISH, keys, [of.sha256, of.ref, of.text, store.retentionMs, Date.now()]);
  if (reply[0] !== "OK") return "unknown";
  await store.redis.zadd(RESERVED_EXPIRY_KEY, "XX", Date.now() + store.retentionMs, of.ref);
  return "finished";
}

/**
 * Settles which copy of the same bytes is kept: the first that came, while it is there. The caller removes its own copy
 * when the answer is another ref.
 */
export async function claimBytes(store: Store, blobs: BlobStore, sha256: string, ref: string): Promise<string> {
  for (let tries = 0; tries < 3; tries++) {
    if (await store.redis.set(bytesKey(sha256), ref, "PX", store.retentionMs, "NX")) {
      await blobs.renew(ref, store.retentionMs);
      return ref;
    }
    const first = await store.redis.get(bytesKey(sha256));
    if (first && (first === ref || (await blobs.exists(first)))) {
      await store.redis.pexpire(bytesKey(sha256), store.retentionMs);
      await blobs.renew(first, store.retentionMs);
      return first;
    }
    if (first) await run(store.redis, DELETE_IF, [bytesKey(sha256)], [first]);
  }
  return ref;
}

const DELETE_IF = script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return { 'OK' }
`);

/**
 * Marks bytes as needed for an extraction with a password, for the retention. Set the mark before you read the outcome
 * of the extraction without a password: that extraction stores its outcome before it looks for the mark, so either the
 * caller sees the outcome or the bytes stay.
 */
export async function retainBytes(store: Store, ref: string): Promise<void> {
  await store.redis.set(retainKey(ref), 1, "PX", store.retentionMs);
}
export async function areRetained(store: Store, ref: string): Promise<boolean> {
  return (await store.redis.exists(retainKey(ref))) === 1;
}

/** Removes bytes that are no longer needed, and gives back what they took of the shares. Idempotent. */
export async function releaseBytes(
  store: Store,
  blobs: BlobStore,
  ref: string,
  of: { sha256?: string; user?: UserAddress } = {},
): Promise<void> {
  if (of.sha256) await run(store.redis, DELETE_IF, [bytesKey(of.sha256)], [ref]);
  await blobs.remove(ref);
  await run(store.redis, RELEASE, RESERVATION, [ref]);
  if (of.user) await store.redis.hdel(heldKey(of.user), ref);
}

/** Forgets an upload whose bytes are of no use, and them. Idempotent; its id may begin another one. */
export async function dropUpload(store: Store, blobs: BlobStore, user: string, of: UploadState): Promise<void> {
  await store.redis.unlink(keyOf(user, of.id));
  await releaseBytes(store, blobs, of.ref, { user: userAddress(user) });
}

/** Gives back the shares of bytes that have outlived their time; answers how many. */
export async function sweepBytes(store: Store, blobs: BlobStore): Promise<number> {
  const expired = await store.redis.zrangebyscore(RESERVED_EXPIRY_KEY, 0, Date.now(), "LIMIT", 0, 100);
  for (const ref of expired) await releaseBytes(store, blobs, ref);
  return expired.length + (await blobs.sweep());
}
