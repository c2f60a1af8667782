import type { MissingPage } from "@docrelay/protocol";
import { createHmac } from "node:crypto";
import type { TakenAsk } from "../ask/record.ts";
import type { ConversationAddress, UserAddress } from "../redis/address.ts";
import { exec } from "../redis/exec.ts";
import { extractingKey, passwordKey, textKeyOf, waitKey } from "../redis/keys.ts";
import { CLOCK, lua, run, script } from "../redis/script.ts";
import { sealingOf, type Store } from "../redis/store.ts";
import { placeOfPassword, placeOfText, placeOfTextFacts } from "../sealing/places.ts";
import { packPages, PACKED_FIELDS, unpackPages } from "./pack-text.ts";

/** The outcome of an extraction, shared by all users who sent these bytes. Pages in order; `missing` counts from 1. */
export type StoredText =
  | {
      readonly kind: "text";
      readonly pages: readonly string[];
      readonly chars: number;
      readonly missing: readonly MissingPage[];
      readonly ocr: readonly number[];
      readonly truncated: boolean;
      /** Names of the files that it carries, when it carries some. */
      readonly attachments?: readonly string[];
      readonly extractMs: number;
      /** Its extraction, where that was traced: a `traceparent`, and when it ended, in ms since the epoch. */
      readonly traced?: { readonly traceparent: string; readonly at: number };
    }
  | { readonly kind: "failed"; readonly code: string; readonly reason?: string; readonly permanent: boolean };

/** What is known of an outcome without its pages. */
export type Outcome =
  | (Omit<Extract<StoredText, { kind: "text" }>, "pages"> & { readonly pageCount: number })
  | Extract<StoredText, { kind: "failed" }>;

/** Whether another extraction of the same bytes can end otherwise: with more time or memory, or with a password. */
export function canChange(text: StoredText | Outcome): boolean {
  return text.kind === "failed" && (!text.permanent || text.code === "PDF_ENCRYPTED");
}

/** A failure that another extraction may not repeat (time, memory) is stored this long. */
const PASSING_FAILURE_MS = 600_000;
/** As long as the asks that waited for it may take to read it. */
const BUSY_MS = 60_000;
/** What users read for the failure `BUSY`. */
export const TOO_BUSY_TO_READ = "The server is too busy to read the file now. Try again in a moment.";
/** A user's waiting extraction whose end was lost counts this long. */
const EXTRACTING_MS = 600_000;

/**
 * The key of an extraction, and its job's id: the same bytes, extractor, scope and password give the same one. Users of one
 * scope share texts and bytes, and may notice by the time that it takes that another one has the same file. Keyed with a
 * secret, so that a known hash does not give access to a text and a password cannot be guessed from a key.
 */
export function textKey(
  secret: string,
  of: { sha256: string; profile: string; scope?: string | undefined; password?: string },
): string {
  const parts = JSON.stringify([
    of.sha256,
    of.profile,
    of.password ?? null,
    ...(of.scope === undefined ? [] : [of.scope]),
  ]);
  return createHmac("sha256", secret).update(parts).digest("base64url").slice(0, 32);
}

const WRITE_FAILURE = script({
  files: [lua(import.meta.url, "write-failure.lua")],
  keys: ["outcome"],
  args: { failure: "text", keepMs: "number" },
});

/**
 * Stores an outcome. A later outcome replaces it, but a failure never replaces a text: a worker that was stopped in the
 * middle and continued may fail after another one has succeeded. Do this before {@link takeWaiting}. Longer texts are
 * compressed, to a quarter of their size; the longest of them off the event loop.
 */
export async function writeText(store: Store, key: string, text: StoredText): Promise<void> {
  const name = textKeyOf(key);
  if (text.kind === "failed") {
    const passingMs = isBusy(text) ? BUSY_MS : PASSING_FAILURE_MS;
    const keepMs = text.permanent ? store.retentionMs : Math.min(store.retentionMs, passingMs);
    const args = { failure: JSON.stringify(text), keepMs };
    await run(store.redis, WRITE_FAILURE, { keys: { outcome: name }, args });
    return;
  }
  const { pages, ...meta } = text;
  const [field, packed] = await packPages(pages);
  const sealing = sealingOf(store);
  const facts = sealing.sealText(placeOfTextFacts(key), JSON.stringify({ ...meta, pageCount: pages.length }));
  const sealed = sealing.seal(placeOfText(key), Buffer.from(packed));
  const write = store.redis.multi().del(name);
  write.hset(name, "kind", "text", "meta", facts, field, sealed);
  await exec(write.pexpire(name, store.retentionMs));
}

const FORGET_FAILURE = script({
  files: [lua(import.meta.url, "forget-failure.lua")],
  keys: ["outcome"],
  args: { failure: "text" },
});

/**
 * Forgets a failure that says nothing about the file, so that only the asks which waited for it end with it. Returns whether
 * there was one. An ask that has not read it yet waits for the next outcome.
 */
export async function forgetBusy(store: Store, key: string): Promise<boolean> {
  const name = textKeyOf(key);
  const failure = await store.redis.hget(name, "meta");
  if (failure === null || !isBusy(readFacts(store, key, failure) as Outcome)) return false;
  const [reply] = await run(store.redis, FORGET_FAILURE, { keys: { outcome: name }, args: { failure } });
  return reply === "OK";
}

function isBusy(outcome: Outcome | StoredText): boolean {
  return outcome.kind === "failed" && outcome.code === "BUSY";
}

/** Reads an outcome without its pages. */
export async function readOutcome(store: Store, key: string): Promise<Outcome | undefined> {
  const meta = await store.redis.hget(textKeyOf(key), "meta");
  return meta === null ? undefined : (readFacts(store, key, meta) as Outcome);
}

/** Reads an outcome, and renews a text's expiry. */
export async function readText(store: Store, key: string): Promise<StoredText | undefined> {
  const name = textKeyOf(key);
  const [kind, meta, ...packed] = await store.redis.hmgetBuffer(name, "kind", "meta", ...PACKED_FIELDS);
  if (!kind || !meta) return undefined;
  const { pageCount, ...rest } = readFacts(store, key, meta.toString()) as StoredText & { pageCount: number };
  if (rest.kind !== "text") return rest;
  await store.redis.pexpire(name, store.retentionMs);
  const unsealed = packed.map((bytes) => bytes && sealingOf(store).unseal(placeOfText(key), bytes));
  return { ...rest, pages: pageCount === 0 ? [] : await unpackPages(unsealed) };
}

const readFacts = (store: Store, key: string, stored: string): unknown =>
  JSON.parse(sealingOf(store).unsealText(placeOfTextFacts(key), stored));

/** Which outcomes are stored, in the order of `keys`; renews texts without loading them. */
export async function textState(store: Store, keys: readonly string[]): Promise<Array<"text" | "failed" | "missing">> {
  // Commands of one tick are sent together; a pipeline would cost more.
  const kinds = await Promise.all(keys.map((key) => store.redis.hget(textKeyOf(key), "kind")));
  const states = kinds.map((kind) => (kind === "text" || kind === "failed" ? kind : "missing"));
  const there = keys.filter((_, index) => states[index] === "text");
  await Promise.all(there.map((key) => store.redis.pexpire(textKeyOf(key), store.retentionMs)));
  return states;
}

/** An ask that waits for texts, as its user names it. */
export type WaitingAsk = Pick<TakenAsk, "conversation" | "id" | "body">;

/** A conversation on a wait list. `ask`: what waits there, and for which of its files; absent in entries of 0.1. */
export interface Waiting extends ConversationAddress {
  readonly ask?: { readonly conversation: string; readonly id: string; readonly file: number };
}

/**
 * Puts a conversation on the wait list of each text. `ask`: the ask whose readers get the progress; an extract worker has no right to read
 * conversations. Idempotent. Read the texts again afterwards.
 */
export async function awaitTexts(
  store: Store,
  at: ConversationAddress,
  keys: readonly string[],
  ask?: WaitingAsk,
): Promise<void> {
  const keepMs = Math.max(store.retentionMs, store.askDeadlineMs);
  await Promise.all(
    keys.flatMap((key) => [
      store.redis.sadd(waitKey(key), entryOf(at, key, ask)),
      store.redis.pexpire(waitKey(key), keepMs),
    ]),
  );
}

/** Takes a conversation off wait lists whose texts are stored already: no extraction empties those lists any more. */
export async function stopWaiting(
  store: Store,
  at: ConversationAddress,
  keys: readonly string[],
  ask?: WaitingAsk,
): Promise<void> {
  await Promise.all(keys.map((key) => store.redis.srem(waitKey(key), entryOf(at, key), entryOf(at, key, ask))));
}

/** Ids of clients have no slash. */
function entryOf({ shard, u, c }: ConversationAddress, key: string, ask?: WaitingAsk): string {
  const file = ask?.body.files.findIndex(({ text }) => text === key) ?? -1;
  return [shard, u, c, ...(ask && file >= 0 ? [ask.conversation, ask.id, file] : [])].join("/");
}

const TAKE_WAITING = script({
  files: [lua(import.meta.url, "take-waiting.lua")],
  keys: ["waiting"],
  args: { limit: "number" },
});
const WAITING_AT_ONCE = 1000;

/**
 * Reads and empties the wait list of a text. Call it after the text was written, and ring the bell for each
 * conversation that it returns; should the caller die in between, the sweeper adds them.
 */
export async function takeWaiting(store: Store, key: string): Promise<Waiting[]> {
  const all: Waiting[] = [];
  while (true) {
    const [, ...members] = await run(store.redis, TAKE_WAITING, {
      keys: { waiting: waitKey(key) },
      args: { limit: WAITING_AT_ONCE },
    });
    all.push(...parseWaiting(members));
    if (members.length < WAITING_AT_ONCE) return all;
  }
}

/** Reads at most `limit` conversations of a wait list, any of them, for page progress. */
export async function peekWaiting(store: Store, key: string, limit = 1000): Promise<Waiting[]> {
  return parseWaiting(await store.redis.srandmember(waitKey(key), limit));
}

function parseWaiting(members: ReadonlyArray<string | number | null>): Waiting[] {
  return members.flatMap((member) => {
    const [shard, u, c, conversation, id, file] = String(member).split("/");
    if (!shard || !u || !c) return [];
    return [{ shard, u, c, ...(conversation && id && { ask: { conversation, id, file: Number(file) } }) }];
  });
}

/** Stores a file's password where only its extraction finds it, and only as long as the ask may need it. */
export async function setPassword(store: Store, key: string, password: string, ttlMs: number): Promise<void> {
  const sealed = sealingOf(store).sealText(placeOfPassword(key), password);
  await store.redis.set(passwordKey(key), sealed, "PX", ttlMs);
}
export async function readPassword(store: Store, key: string): Promise<string | undefined> {
  const stored = await store.redis.get(passwordKey(key));
  return stored === null ? undefined : sealingOf(store).unsealText(placeOfPassword(key), stored);
}
export async function dropPassword(store: Store, key: string): Promise<void> {
  await store.redis.del(passwordKey(key));
}

const QUEUE = script({
  files: [CLOCK, lua(import.meta.url, "queue-extraction.lua")],
  keys: ["extracting"],
  args: { text: "text", keepMs: "number" },
});

/** Counts an extraction as waiting for its user; returns how many are: its priority in the queue. Idempotent. */
export async function queueExtraction(store: Store, user: UserAddress, key: string): Promise<number> {
  const args = { text: key, keepMs: EXTRACTING_MS };
  const [, waiting] = await run(store.redis, QUEUE, { keys: { extracting: extractingKey(user) }, args });
  return Number(waiting);
}
export async function endExtraction(store: Store, user: UserAddress, key: string): Promise<void> {
  await store.redis.zrem(extractingKey(user), key);
}
