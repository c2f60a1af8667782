import type { MissingPage } from "@docrelay/protocol";
import { createHmac, randomBytes } from "node:crypto";
import type { ConversationAddress, UserAddress } from "../redis/address.ts";
import { extractingKey, passwordKey, PROFILE_KEY, SECRET_KEY, textKeyOf, waitKey } from "../redis/keys.ts";
import { packText, PACKED_FIELDS, unpackText } from "./pack-text.ts";
import { ChannelError, run, script, type Store } from "../redis/store.ts";

/** The outcome of an extraction, shared by everybody who sent these bytes. Pages in order; `missing` counts from 1. */
export type StoredText =
  | {
      readonly kind: "text";
      readonly pages: readonly string[];
      readonly chars: number;
      readonly missing: readonly MissingPage[];
      readonly ocr: readonly number[];
      readonly truncated: boolean;
      readonly extractMs: number;
    }
  | { readonly kind: "failed"; readonly code: string; readonly reason?: string; readonly permanent: boolean };

/** Whether another extraction of the same bytes can end otherwise: with more time or memory, or with a password. */
export function canChange(text: StoredText): boolean {
  return text.kind === "failed" && (!text.permanent || text.code === "PDF_ENCRYPTED");
}

/** A failure that another try may mend (time, memory) is remembered this long. */
const PASSING_FAILURE_MS = 600_000;
/** A user's waiting extraction that nobody ended counts this long. */
const EXTRACTING_MS = 600_000;
/** Page separator in the stored text: cannot occur in a page, since extraction takes control characters out. */
const PAGE_BREAK = "\f";

/**
 * The key of an extraction, and its job's id: the same bytes, extractor and password give the same one. Keyed with a
 * secret, so that naming a hash gets nobody a text and a password cannot be guessed from a key.
 */
export function textKey(secret: string, of: { sha256: string; profile: string; password?: string }): string {
  const parts = JSON.stringify([of.sha256, of.profile, of.password ?? null]);
  return createHmac("sha256", secret).update(parts).digest("base64url").slice(0, 32);
}

/** The deployment's secret for digests and text keys: random, made by whoever comes first, the same for everybody. */
export async function readSecret(store: Store): Promise<string> {
  await store.redis.set(SECRET_KEY, randomBytes(32).toString("base64url"), "NX");
  const secret = await store.redis.get(SECRET_KEY);
  if (!secret) throw new ChannelError("wrong-answer", "the digest secret vanished");
  return secret;
}

/** An extract worker says how it extracts (extractor version, engine, OCR, limits): part of every text key. */
export async function setProfile(store: Store, profile: string): Promise<void> {
  await store.redis.set(PROFILE_KEY, profile);
}
export async function readProfile(store: Store): Promise<string> {
  return (await store.redis.get(PROFILE_KEY)) ?? "";
}

const WRITE_FAILURE = script(`
if redis.call('HGET', KEYS[1], 'kind') == 'text' then return { 'KEPT' } end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'kind', 'failed', 'meta', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return { 'OK' }
`);

/**
 * Stores an outcome; written again it is replaced, but a text by no failure: who was stopped in the middle and is too
 * late for everything has read nothing that others have not. Do this before {@link takeWaiting}. Longer texts are
 * compressed, to a quarter of their size, beside the event loop.
 */
export async function writeText(store: Store, key: string, text: StoredText): Promise<void> {
  const name = textKeyOf(key);
  if (text.kind === "failed") {
    const keep = text.permanent ? store.retentionMs : Math.min(store.retentionMs, PASSING_FAILURE_MS);
    await run(store.redis, WRITE_FAILURE, [name], [JSON.stringify(text), keep]);
    return;
  }
  const { pages, ...meta } = text;
  const packed = await packText(pages.join(PAGE_BREAK));
  const write = store.redis.multi().del(name);
  write.hset(name, "kind", "text", "meta", JSON.stringify({ ...meta, pageCount: pages.length }), ...packed);
  await exec(write.pexpire(name, store.retentionMs));
}

/** Reads an outcome, and renews a text's life. */
export async function readText(store: Store, key: string): Promise<StoredText | undefined> {
  const name = textKeyOf(key);
  const [kind, meta, ...packed] = await store.redis.hmgetBuffer(name, "kind", "meta", ...PACKED_FIELDS);
  if (!kind || !meta) return undefined;
  const { pageCount, ...rest } = JSON.parse(meta.toString()) as StoredText & { pageCount: number };
  if (rest.kind !== "text") return rest;
  await store.redis.pexpire(name, store.retentionMs);
  return { ...rest, pages: pageCount === 0 ? [] : (await unpackText(packed)).split(PAGE_BREAK) };
}

/** Which outcomes are there, in the order of `keys`; renews texts without loading them. */
export async function textState(store: Store, keys: readonly string[]): Promise<Array<"text" | "failed" | "missing">> {
  if (keys.length === 0) return [];
  const pipeline = store.redis.pipeline();
  for (const key of keys) pipeline.hget(textKeyOf(key), "kind");
  const kinds = (await exec(pipeline)) as Array<string | null>;
  const states = kinds.map((kind) => (kind === "text" || kind === "failed" ? kind : "missing"));
  const there = keys.filter((_, index) => states[index] === "text");
  const renewal = store.redis.pipeline();
  for (const key of there) renewal.pexpire(textKeyOf(key), store.retentionMs);
  if (there.length > 0) await exec(renewal);
  return states;
}

/** Puts a conversation on the list of those to be woken when each text is there. Idempotent. Look again afterwards. */
export async function awaitTexts(store: Store, at: ConversationAddress, keys: readonly string[]): Promise<void> {
  const pipeline = store.redis.pipeline();
  for (const key of keys) {
    pipeline.sadd(waitKey(key), `${at.shard}/${at.u}/${at.c}`);
    pipeline.pexpire(waitKey(key), Math.max(store.retentionMs, store.askDeadlineMs));
  }
  await exec(pipeline);
}

/** Takes a conversation off the lists again, once the texts turned out to be there: nobody empties those lists any more. */
export async function stopWaiting(store: Store, at: ConversationAddress, keys: readonly string[]): Promise<void> {
  const pipeline = store.redis.pipeline();
  for (const key of keys) pipeline.srem(waitKey(key), `${at.shard}/${at.u}/${at.c}`);
  await exec(pipeline);
}

const TAKE_SOME = script(`
return { 'OK', unpack(redis.call('SPOP', KEYS[1], ARGV[1])) }
`);
const WAITING_AT_ONCE = 1000;

/**
 * Reads and empties the list of conversations that wait for a text. Call it after the text was written, and ring for
 * what it returns; should the caller die in between, the sweeper rings.
 */
export async function takeWaiting(store: Store, key: string): Promise<ConversationAddress[]> {
  const all: ConversationAddress[] = [];
  while (true) {
    const [, ...members] = await run(store.redis, TAKE_SOME, [waitKey(key)], [WAITING_AT_ONCE]);
    all.push(...parseWaiting(members));
    if (members.length < WAITING_AT_ONCE) return all;
  }
}

/** Conversations that wait for a text now, for page progress; at most `limit`, any of them. */
export async function peekWaiting(store: Store, key: string, limit = 1000): Promise<ConversationAddress[]> {
  return parseWaiting(await store.redis.srandmember(waitKey(key), limit));
}

function parseWaiting(members: ReadonlyArray<string | number | null>): ConversationAddress[] {
  return members.flatMap((member) => {
    const [shard, u, c] = String(member).split("/");
    return shard && u && c ? [{ shard, u, c }] : [];
  });
}

/** Keeps a file's password where only its extraction finds it, and only as long as the ask may need it. */
export async function setPassword(store: Store, key: string, password: string, ttlMs: number): Promise<void> {
  await store.redis.set(passwordKey(key), password, "PX", ttlMs);
}
export async function readPassword(store: Store, key: string): Promise<string | undefined> {
  return (await store.redis.get(passwordKey(key))) ?? undefined;
}
export async function dropPassword(store: Store, key: string): Promise<void> {
  await store.redis.del(passwordKey(key));
}

/** Counts an extraction as waiting for its user; answers how many are: its priority in the queue. Idempotent. */
export async function queueExtraction(store: Store, user: UserAddress, key: string): Promise<number> {
  const name = extractingKey(user);
  const pipeline = store.redis.multi().zremrangebyscore(name, 0, Date.now() - EXTRACTING_MS);
  pipeline.zadd(name, Date.now(), key).pexpire(name, EXTRACTING_MS).zcard(name);
  return Number((await exec(pipeline))[3]);
}
export async function endExtraction(store: Store, user: UserAddress, key: string): Promise<void> {
  await store.redis.zrem(extractingKey(user), key);
}

/** Runs a pipeline; the first failed command is the error of all. */
export async function exec(pipeline: ReturnType<Store["redis"]["pipeline"]>): Promise<unknown[]> {
  const answers = await pipeline.exec();
  if (!answers) throw new ChannelError("wrong-answer", "the transaction was discarded");
  return answers.map(([error, answer]) => {
    if (error) throw error;
    return answer;
  });
}
