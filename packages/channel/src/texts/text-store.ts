import type { MissingPage } from "@docrelay/protocol";
import { createHmac } from "node:crypto";
import type { TakenAsk } from "../ask/record.ts";
import type { ConversationAddress, UserAddress } from "../redis/address.ts";
import { extractingKey, passwordKey, textKeyOf, usesKey, waitKey } from "../redis/keys.ts";
import { CLOCK, lua, run, script } from "../redis/script.ts";
import { sealingOf, type Store } from "../redis/store.ts";
import { placeOfPassword, placeOfText, placeOfTextFacts } from "../sealing/places.ts";
import { packPages, PACKED_FIELDS, unpackPages } from "./pack-text.ts";

/**
 * The outcome of an extraction. It is shared by all users who sent the same bytes, within `TEXT_SCOPE`. `pages` are in
 * order; the page numbers in `missing` and `ocr` begin at 1.
 */
export type StoredText =
  | {
      readonly kind: "text";
      readonly pages: readonly string[];
      readonly chars: number;
      readonly missing: readonly MissingPage[];
      readonly ocr: readonly number[];
      readonly truncated: boolean;
      /** Names of the files attached to the PDF, if there are any. */
      readonly attachments?: readonly string[];
      readonly extractMs: number;
      /**
       * Set if OpenTelemetry traced the extraction: the `traceparent` of its trace, and when it ended, in ms since the
       * epoch.
       */
      readonly traced?: { readonly traceparent: string; readonly at: number };
    }
  | { readonly kind: "failed"; readonly code: string; readonly reason?: string; readonly permanent: boolean };

/** The outcome of an extraction, without the pages of the text. */
export type Outcome =
  | (Omit<Extract<StoredText, { kind: "text" }>, "pages"> & { readonly pageCount: number })
  | Extract<StoredText, { kind: "failed" }>;

/**
 * Whether another extraction of the same bytes may have another outcome: with more time or memory, or with a password.
 */
export function canChange(text: StoredText | Outcome): boolean {
  return text.kind === "failed" && (!text.permanent || text.code === "PDF_ENCRYPTED");
}

/** For how many ms a failure is stored if another extraction may succeed, for example with more time or memory. */
const PASSING_FAILURE_MS = 600_000;
/**
 * For how many ms the failure `BUSY` is stored: long enough for the asks that wait for the text to read the failure.
 */
const BUSY_MS = 60_000;
export const TOO_BUSY_TO_READ = "The server is too busy to read the file now. Try again in a moment.";
/** A waiting extraction of a user no longer counts after this many ms, in case its end was not recorded. */
const EXTRACTING_MS = 600_000;
/** A process adds the job of an extraction within this many ms after it has called `queueExtraction`. */
const ADDED_WITHIN_MS = 10_000;
/** At how many extractions of a user `queueExtraction` looks, to remove those that have ended. */
const MAX_LOOKED_AT = 8;
/** For how many of these, the oldest, it looks for the job in the queue, which costs more than to look for the outcome. */
const MAX_SOUGHT = 2;

/**
 * Returns the text key of an extraction, which is also the id of its job: the same bytes, profile, scope and password
 * give the same key. `scope`: who shares texts and bytes (`TEXT_SCOPE`); within it, a user may notice from the timing
 * that another user has the same file. The key is made with a secret, so knowing a file's hash does not give access to
 * its text, and a password cannot be guessed from a key.
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

const WRITE_TEXT = script({
  files: [CLOCK, lua(import.meta.url, "last-user.lua"), lua(import.meta.url, "write-text.lua")],
  keys: ["outcome", "uses"],
  args: { keepMs: "number" },
  list: "values",
});

/**
 * Stores an outcome; a text is kept as long as the last upload that has it. A later outcome replaces an earlier one, but a failure never replaces a text: a worker that was
 * suspended for a while may fail after another worker has succeeded. Call it before {@link takeWaiting}. Longer texts
 * are compressed to about a quarter of their size, the longest of them on another thread.
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
  await run(store.redis, WRITE_TEXT, {
    keys: { outcome: name, uses: usesKey(key) },
    args: { keepMs: store.retentionMs },
    list: ["kind", "text", "meta", facts, field, sealed],
  });
}

const FORGET_FAILURE = script({
  files: [lua(import.meta.url, "forget-failure.lua")],
  keys: ["outcome"],
  args: { failure: "text" },
});

/**
 * Removes the failure `BUSY`, so that only the asks that waited for this extraction fail because of it: the failure
 * does not depend on the file. Returns whether there was one. An ask that has not read the failure yet waits for the
 * next outcome.
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

export async function readOutcome(store: Store, key: string): Promise<Outcome | undefined> {
  const meta = await store.redis.hget(textKeyOf(key), "meta");
  return meta === null ? undefined : (readFacts(store, key, meta) as Outcome);
}

/** Reads an outcome. Reading a text does not keep it for longer; see `useText`. */
export async function readText(store: Store, key: string): Promise<StoredText | undefined> {
  const name = textKeyOf(key);
  const [kind, meta, ...packed] = await store.redis.hmgetBuffer(name, "kind", "meta", ...PACKED_FIELDS);
  if (!kind || !meta) return undefined;
  const { pageCount, ...rest } = readFacts(store, key, meta.toString()) as StoredText & { pageCount: number };
  if (rest.kind !== "text") return rest;
  const unsealed = packed.map((bytes) => bytes && sealingOf(store).unseal(placeOfText(key), bytes));
  return { ...rest, pages: pageCount === 0 ? [] : await unpackPages(unsealed) };
}

const readFacts = (store: Store, key: string, stored: string): unknown =>
  JSON.parse(sealingOf(store).unsealText(placeOfTextFacts(key), stored));

/** Returns which kind of outcome is stored for each of `keys`, in their order. */
export async function textState(store: Store, keys: readonly string[]): Promise<Array<"text" | "failed" | "missing">> {
  // ioredis sends the commands of one tick together; a pipeline would cost more.
  const kinds = await Promise.all(keys.map((key) => store.redis.hget(textKeyOf(key), "kind")));
  return kinds.map((kind) => (kind === "text" || kind === "failed" ? kind : "missing"));
}

/** An ask that waits for texts. `conversation` and `id` are the ids that the client sent, not hashes. */
export type WaitingAsk = Pick<TakenAsk, "conversation" | "id" | "body">;

/**
 * A conversation on a wait list. `ask`: the conversation's ask that waits, and the index of the file in that ask;
 * missing in entries of version 0.1.
 */
export interface Waiting extends ConversationAddress {
  readonly ask?: { readonly conversation: string; readonly id: string; readonly file: number };
}

/**
 * Puts a conversation on the wait list of each text. `ask`: the ask whose readers get the progress. The list stores the
 * ask's id, because an extract worker may not read conversations. Idempotent. Read the texts again afterwards: one may
 * have been stored in between.
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

/**
 * Removes a conversation from the wait lists of texts that are stored already: no extraction will empty these lists.
 */
export async function stopWaiting(
  store: Store,
  at: ConversationAddress,
  keys: readonly string[],
  ask?: WaitingAsk,
): Promise<void> {
  await Promise.all(keys.map((key) => store.redis.srem(waitKey(key), entryOf(at, key), entryOf(at, key, ask))));
}

/** Returns an entry of a wait list. Its parts are separated by slashes, which ids of clients do not contain. */
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
 * Reads and empties the wait list of a text. Call it after the text was stored, and ring the bell of each returned
 * conversation. If the caller dies in between, the sweeper finds their asks.
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

/** Reads at most `limit` conversations of a wait list, chosen at random, for page progress. */
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

/** Stores a file's password for `ttlMs` ms under the file's text key, where only the extraction looks for it. */
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
  args: { text: "text", keepMs: "number", oldest: "number" },
});

/**
 * Adds an extraction to the waiting extractions of its user. Returns how many these are, which becomes the extraction's
 * priority in the queue. Idempotent.
 *
 * An extraction may stay in the list although it has ended: an edge may add it again after the worker has removed it and
 * before the job has left the queue, which then ignores the job that the edge adds; and if users or networks share a
 * text, its one job names only one of them. So this function looks at the oldest extractions of the list, and removes
 * those whose outcome is stored, and those of the oldest two which `isQueued` does not find in the queue. Otherwise the
 * user's other files would wait behind those of all other users until the entry expires.
 */
export async function queueExtraction(
  store: Store,
  user: UserAddress,
  key: string,
  isQueued: (key: string) => Promise<boolean> = () => Promise.resolve(true),
): Promise<number> {
  const keys = { extracting: extractingKey(user) };
  const args = { text: key, keepMs: EXTRACTING_MS, oldest: MAX_LOOKED_AT };
  const [, waiting, now, ...oldest] = await run(store.redis, QUEUE, { keys, args });
  const hasEnded = async (other: string, isSought: boolean): Promise<boolean> => {
    if (other === key) return false;
    if ((await store.redis.hget(textKeyOf(other), "kind")) !== null) return true;
    return isSought && !(await isQueued(other));
  };
  const ended: string[] = [];
  const look = async (place: number): Promise<void> => {
    const [other, at] = [String(oldest[2 * place]), Number(oldest[2 * place + 1])];
    const isSought = place < MAX_SOUGHT && Number(now) - at > ADDED_WITHIN_MS;
    if (await hasEnded(other, isSought)) ended.push(other);
  };
  await Promise.all(Array.from({ length: oldest.length / 2 }, (_, place) => look(place)));
  if (ended.length > 0) await store.redis.zrem(keys.extracting, ...ended);
  return Number(waiting) - ended.length;
}
export async function endExtraction(store: Store, user: UserAddress, key: string): Promise<void> {
  await store.redis.zrem(extractingKey(user), key);
}
