import { createHash } from "node:crypto";
import { userAddress, type UserAddress } from "../redis/address.ts";
import {
  bytesKey,
  heldKey,
  RESERVED_EXPIRY_KEY,
  RESERVED_KEY,
  RESERVED_TOTAL_KEY,
  retainKey,
  uploadKey,
} from "../redis/keys.ts";
import { IDLE_UPLOAD_MS, SWEEP_GRACE_MS, type BlobStore } from "./blob-store.ts";
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

/* All times are by Redis's clock: those of the processes may be minutes apart. */
const CLOCK_LUA = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function ms(value) return string.format('%.0f', value) end
`;

const RESERVE = script(`${CLOCK_LUA}
local reserved, total, expiry = KEYS[1], KEYS[2], KEYS[3]
local ref, size, max, keep = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if redis.call('HEXISTS', reserved, ref) == 0 then
  if tonumber(redis.call('GET', total) or 0) + size > max then return { 'BUSY' } end
  redis.call('HSET', reserved, ref, size)
  redis.call('INCRBY', total, size)
end
redis.call('ZADD', expiry, ms(now + keep), ref)
return { 'OK' }
`);

const RENEW_RESERVATION = script(`${CLOCK_LUA}
redis.call('ZADD', KEYS[3], 'XX', ms(now + tonumber(ARGV[2])), ARGV[1])
return { 'OK' }
`);

const RELEASE_LUA = `
local reserved, total, expiry = KEYS[1], KEYS[2], KEYS[3]
local function release(ref)
  local size = redis.call('HGET', reserved, ref)
  if size then
    redis.call('HDEL', reserved, ref)
    redis.call('DECRBY', total, size)
  end
  redis.call('ZREM', expiry, ref)
end
`;

const RELEASE = script(`${RELEASE_LUA}
release(ARGV[1])
return { 'OK' }
`);

const RELEASE_EXPIRED = script(`${CLOCK_LUA}${RELEASE_LUA}
local refs = redis.call('ZRANGEBYSCORE', expiry, 0, ms(now - tonumber(ARGV[1])), 'LIMIT', 0, ARGV[2])
for _, ref in ipairs(refs) do release(ref) end
return { 'OK', unpack(refs) }
`);

/*
 * A user's share: every blob with when it stops counting. A blob counts once, however often it is held.
 */
const HOLD_LUA = `${CLOCK_LUA}
local function hold(held, ref, size, max, keep, ttl)
  local sum, all = 0, redis.call('HGETALL', held)
  for i = 1, #all, 2 do
    local bytes, until_ms = string.match(all[i + 1], '(%d+):(%d+)')
    if tonumber(until_ms) < now then redis.call('HDEL', held, all[i])
    elseif all[i] ~= ref then sum = sum + tonumber(bytes) end
  end
  if sum + size > max then return false end
  redis.call('HSET', held, ref, ms(size) .. ':' .. ms(now + keep))
  redis.call('PEXPIRE', held, ttl)
  return true
end
`;

const BEGIN = script(`${HOLD_LUA}
local up, held = KEYS[1], KEYS[2]
local name, size, ref, max, idle = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local known = redis.call('HMGET', up, 'name', 'size')
if known[1] then
  if known[1] ~= name or tonumber(known[2]) ~= size then return { 'CONFLICT' } end
  return { 'KNOWN' }
end
if not hold(held, ref, size, max, idle, ARGV[7]) then return { 'QUOTA' } end
redis.call('HSET', up, 'id', ARGV[8], 'name', name, 'type', ARGV[6], 'size', size, 'offset', 0, 'ref', ref, 'done', 0)
redis.call('PEXPIRE', up, idle)
return { 'BEGUN' }
`);

const HOLD = script(`${HOLD_LUA}
if not hold(KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[4]) then return { 'QUOTA' } end
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
  const wanted = [of.ref, of.size, of.maxBytes, store.retentionMs];
  const [everybody] = await run(store.redis, RESERVE, RESERVATION, wanted);
  if (everybody === "BUSY") return "busy";
  const held = heldKey(userAddress(user));
  const [own] = await run(store.redis, HOLD, [held], [of.ref, of.size, of.maxUserBytes, store.retentionMs]);
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

/**
 * Begins an upload and reserves its bytes, or finds the one already begun: its own `ref` stays, and only its next chunk
 * renews its time. Idempotent.
 */
export async function beginUpload(
  store: Store,
  user: string,
  of: ByteShares & { id: string; name: string; type: string; size: number; ref: string },
): Promise<BegunUpload> {
  const reserved = await run(store.redis, RESERVE, RESERVATION, [of.ref, of.size, of.maxBytes, IDLE_UPLOAD_MS]);
  if (reserved[0] === "BUSY") {
    const known = await readUpload(store, user, of.id);
    if (!known) return { kind: "busy" };
  }
  const keys = [keyOf(user, of.id), heldKey(userAddress(user))];
  const limits = [of.maxUserBytes, IDLE_UPLOAD_MS, of.type, store.retentionMs + IDLE_UPLOAD_MS, of.id];
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

const ADVANCE = script(`${CLOCK_LUA}
local up, held = KEYS[1], KEYS[2]
local offset, length, idle = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local at, ref, size = unpack(redis.call('HMGET', up, 'offset', 'ref', 'size'))
if not at then return { 'UNKNOWN' } end
at = tonumber(at)
if redis.call('PTTL', up) < idle then
  redis.call('PEXPIRE', up, idle)
  redis.call('HSET', held, ref, size .. ':' .. ms(now + idle))
  redis.call('PEXPIRE', held, ARGV[4])
end
if offset < at then return { 'REPEATED', at } end
if offset > at then return { 'HOLE', at } end
redis.call('HSET', up, 'offset', at + length)
return { 'ADVANCED', at + length }
`);

export type Advanced =
  | { kind: "advanced" | "repeated"; offset: number }
  | { kind: "hole"; expectedOffset: number }
  | { kind: "unknown" };

/**
 * Stores a chunk, and keeps the upload for ten minutes from now. What has been stored and is renewed comes first: neither
 * the offset nor the life of an upload's state must ever be ahead of its bytes. Idempotent.
 */
export async function storeChunk(
  store: Store,
  blobs: BlobStore,
  user: string,
  of: { upload: UploadState; offset: number; bytes: Uint8Array },
): Promise<Advanced> {
  const { upload, offset, bytes } = of;
  await Promise.all([
    blobs.write(upload.ref, offset, bytes),
    run(store.redis, RENEW_RESERVATION, RESERVATION, [upload.ref, IDLE_UPLOAD_MS]),
  ]);
  return advanceUpload(store, user, upload.id, offset, bytes.length);
}

/** Counts a chunk as stored, after its bytes are. */
export async function advanceUpload(
  store: Store,
  user: string,
  id: string,
  offset: number,
  length: number,
): Promise<Advanced> {
  const keys = [keyOf(user, id), heldKey(userAddress(user))];
  const kept = [IDLE_UPLOAD_MS, store.retentionMs + IDLE_UPLOAD_MS];
  const reply = await run(store.redis, ADVANCE, keys, [offset, length, ...kept]);
  const at = Number(reply[1]);
  if (reply[0] === "ADVANCED") return { kind: "advanced", offset: at };
  if (reply[0] === "REPEATED") return { kind: "repeated", offset: at };
  if (reply[0] === "HOLE") return { kind: "hole", expectedOffset: at };
  return { kind: "unknown" };
}

const FINISH = script(`${CLOCK_LUA}
local up, held = KEYS[1], KEYS[2]
local own = redis.call('HMGET', up, 'ref', 'size')
if not own[1] then return { 'UNKNOWN' } end
redis.call('HSET', up, 'sha256', ARGV[1], 'ref', ARGV[2], 'text', ARGV[3], 'done', 1)
redis.call('PEXPIRE', up, ARGV[4])
if own[1] ~= ARGV[2] then redis.call('HDEL', held, own[1])
else redis.call('HSET', held, own[1], own[2] .. ':' .. ms(now + tonumber(ARGV[4]))) end
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
  const reply = await run(store.redis, FINISH, keys, [of.sha256, of.ref, of.text, store.retentionMs]);
  return reply[0] === "OK" ? "finished" : "unknown";
}

/** Keeps bytes, and the room that they take, for the retention from now; false when they are gone. */
export async function renewBytes(store: Store, blobs: BlobStore, ref: string): Promise<boolean> {
  await run(store.redis, RENEW_RESERVATION, RESERVATION, [ref, store.retentionMs]);
  return blobs.renew(ref, store.retentionMs);
}

/**
 * Settles which copy of the same bytes is kept: the first that came, while it is there. The caller removes its own copy
 * when the answer is another ref.
 */
export async function claimBytes(store: Store, blobs: BlobStore, sha256: string, ref: string): Promise<string> {
  for (let tries = 0; tries < 3; tries++) {
    if (await store.redis.set(bytesKey(sha256), ref, "PX", store.retentionMs, "NX")) {
      await renewBytes(store, blobs, ref);
      return ref;
    }
    const first = await store.redis.get(bytesKey(sha256));
    if (first && ((await renewBytes(store, blobs, first)) || first === ref)) {
      await store.redis.pexpire(bytesKey(sha256), store.retentionMs);
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

const DROP = script(`
local ref, done = unpack(redis.call('HMGET', KEYS[1], 'ref', 'done'))
if done == '1' then return { 'DONE' } end
if ref == ARGV[1] then redis.call('DEL', KEYS[1]) end
return { 'OK' }
`);

/**
 * Forgets an upload whose bytes are of no use, and them: its id may begin another one. One that another process has
 * finished meanwhile stays. Idempotent.
 */
export async function dropUpload(
  store: Store,
  blobs: BlobStore,
  user: string,
  of: UploadState,
): Promise<"dropped" | "finished"> {
  const [status] = await run(store.redis, DROP, [keyOf(user, of.id)], [of.ref]);
  if (status === "DONE") return "finished";
  await releaseBytes(store, blobs, of.ref, { user: userAddress(user) });
  return "dropped";
}

const SWEPT_AT_ONCE = 100;
const SWEEP_MS = 1000;

/**
 * Removes bytes that have outlived their time and gives their room back, for a second or so; answers how many. The room
 * is given back first: a process that dies in between leaves bytes that run out by themselves.
 */
export async function sweepBytes(store: Store, blobs: BlobStore): Promise<number> {
  const end = performance.now() + SWEEP_MS;
  let swept = 0;
  let expired: Array<string | number | null>;
  do {
    [, ...expired] = await run(store.redis, RELEASE_EXPIRED, RESERVATION, [SWEEP_GRACE_MS, SWEPT_AT_ONCE]);
    await Promise.all(expired.map((ref) => blobs.remove(String(ref))));
    swept += expired.length;
  } while (expired.length === SWEPT_AT_ONCE && performance.now() < end);
  return swept + (await blobs.sweep());
}
