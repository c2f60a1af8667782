import { createHmac } from "node:crypto";
import { askAddress, type AskAddress } from "../redis/address.ts";
import { keptKey, liveKey, recordKey, usedKey } from "../redis/keys.ts";
import { sealingOf, SUPPORTED_RECORD_VERSION, wrongAnswer, type Store } from "../redis/store.ts";
import { placeOfBody, placeOfNames, placeOfTitle } from "../sealing/places.ts";
import { DAY } from "../usage/day.ts";
import { KEPT } from "../usage/usage.ts";
import { eventTail, runStep, step } from "./conversation-script.ts";
import { hasOldAsk } from "./find.ts";
import type { AskBody } from "./record.ts";

export interface AcceptInput {
  readonly user: string;
  readonly conversation: string;
  readonly id: string;
  readonly body: AskBody;
  /** The id of an earlier ask of the same conversation that this ask replaces. */
  readonly replaces?: string | undefined;
  /** The result of {@link askDigest} for this ask. */
  readonly digest: string;
  readonly trace: string;
  readonly nonce: string;
  /** The most unfinished asks that the user may have, this one included. */
  readonly maxInFlight: number;
  /** The user's quota of asks a day; if undefined, there is no limit. The ask is counted with and without a quota. */
  readonly maxAsks?: number | undefined;
  /** `bytes`: how many bytes this ask adds to those that the user keeps. `maxBytes`: the user's budget for them. */
  readonly kept?: { readonly bytes: number; readonly maxBytes: number };
}

export type Accepted =
  /**
   * `overMs`: set if the user now keeps more than `kept.maxBytes` bytes. In `overMs` ms, enough of them will have
   * expired.
   */
  | { kind: "accepted"; seq: number; duplicate: boolean; overMs?: number }
  | { kind: "busy" }
  | { kind: "quota"; freeInMs: number }
  | { kind: "conflict" }
  | { kind: "not-replaceable" };

const ACCEPT = step(
  "accept.lua",
  {
    ask: "text",
    digest: "text",
    deadlineMs: "number",
    maxInFlight: "number",
    used: "text",
    maxAsks: "number",
    kept: "text",
    keptBytes: "number",
    maxKept: "number",
    recordVersion: "number",
    conversation: "text",
    id: "text",
    trace: "text",
    files: "number",
    replaces: "text",
    body: "text",
    tail: "text",
    title: "text",
    names: "text",
    relistMs: "number",
  },
  { isConfirmed: true, shared: [DAY, KEPT] },
);

/**
 * An ask writes its conversation's entry in the user's index again when 1 / `RELIST_PART` of the retention has passed
 * since the entry was last written. So the entry may stay in the index for that much longer than the conversation is
 * kept.
 */
const RELIST_PART = 8;
const MAX_TITLE = 200;

/**
 * Returns the title of a conversation: its first question as one line, cut to {@link MAX_TITLE} characters. If the
 * question is empty, the title is the name of the first file.
 */
function titleOf({ message, files }: AskBody): string {
  const line = message
    .slice(0, 4 * MAX_TITLE)
    .replaceAll(/\s+/g, " ")
    .trim();
  return (line || (files[0]?.name ?? "")).slice(0, MAX_TITLE).replace(/[\uD800-\uDBFF]$/, "");
}

/**
 * Makes an ask durable: writes its record, its entries in the mailbox and in the sweeper's index, and its `accepted`
 * event, all in one step or not at all.
 *
 * Idempotent by ask id: a repeated call with the same digest returns the stored seq and `duplicate`, also after the ask
 * has ended; a call with another digest returns `conflict`. `not-replaceable`: the conversation has no ask with the id
 * `replaces`. Nothing is stored for `conflict`, `not-replaceable`, `busy` and `quota`. The caller rings the
 * conversation's bell, also for a duplicate.
 */
export async function accept(store: Store, input: AcceptInput): Promise<Accepted> {
  const { user, conversation, id, body, replaces } = input;
  const at = askAddress(user, conversation, id);
  const sealing = sealingOf(store);
  const tail = eventTail(store, { address: at, conversation, id }, input.nonce, {
    type: "accepted",
    message: body.message,
    files: body.files.map(({ name, size, sha256, upload }) => ({ name, size, sha256, ...(upload && { upload }) })),
    ...(replaces !== undefined && { replaces }),
  });
  const args = {
    ask: at.a,
    digest: input.digest,
    deadlineMs: store.askDeadlineMs,
    maxInFlight: input.maxInFlight,
    // `used` and `kept` are names of keys. They are passed as arguments and not declared as keys, because they may not
    // exist yet, and a declared key that does not exist makes a script fail while its slot moves between nodes.
    used: usedKey(at),
    maxAsks: input.maxAsks ?? -1,
    kept: keptKey({ ...at, budget: "log" }),
    keptBytes: input.kept?.bytes ?? 0,
    maxKept: input.kept?.maxBytes ?? 0,
    recordVersion: SUPPORTED_RECORD_VERSION,
    conversation,
    id,
    trace: input.trace,
    files: body.files.length,
    replaces: replaces === undefined ? "" : askAddress(user, conversation, replaces).a,
    body: sealing.sealText(placeOfBody(at), JSON.stringify(body)),
    tail,
    title: sealing.sealText(placeOfTitle(at), titleOf(body)),
    // `sealSameText` returns the same text for the same name, so the script recognises a name that is stored already.
    names: body.files.map(({ name }) => sealing.sealSameText(placeOfNames(at), name)).join("\n"),
    relistMs: Math.floor(store.retentionMs / RELIST_PART),
  };
  let reply = await runStep(store, at, ACCEPT, args);
  if (reply[0] === "UNKNOWN" && replaces !== undefined && (await hasOldAsk(store, at, replaces)))
    reply = await runStep(store, at, ACCEPT, { ...args, replaces: "" });
  switch (reply[0]) {
    case "ACCEPTED":
    case "DUPLICATE":
      return {
        kind: "accepted",
        seq: Number(reply[1]),
        duplicate: reply[0] === "DUPLICATE",
        ...(Number(reply[2]) > 0 && { overMs: Number(reply[2]) }),
      };
    case "BUSY":
      return { kind: "busy" };
    case "QUOTA":
      return { kind: "quota", freeInMs: Number(reply[1]) };
    case "CONFLICT":
      return { kind: "conflict" };
    case "UNKNOWN":
      return { kind: "not-replaceable" };
    default:
      throw wrongAnswer("accept", reply);
  }
}

/**
 * Returns why {@link accept} would refuse an ask now; undefined if it would not. Callers use this check before they
 * store the bytes of the ask's files. The final decision is that of `accept`, which may differ. `digestOf` is called
 * only if an ask with this id was accepted already; it returns undefined if the digest cannot be computed.
 */
export async function foreseeRefusal(
  store: Store,
  of: Pick<AcceptInput, "user" | "conversation" | "id" | "replaces" | "maxInFlight">,
  digestOf: () => Promise<string | undefined>,
): Promise<"busy" | "conflict" | "not-replaceable" | undefined> {
  const { user, conversation, id, replaces } = of;
  const at = askAddress(user, conversation, id);
  const earlier = replaces === undefined ? undefined : recordKey(askAddress(user, conversation, replaces));
  const [known, live, replaced] = await Promise.all([
    store.redis.hget(recordKey(at), "digest"),
    store.redis.scard(liveKey(at)),
    earlier && store.redis.hget(earlier, "c"),
  ]);
  if (known !== null) return ((await digestOf()) ?? known) === known ? undefined : "conflict";
  if (replaces !== undefined && replaced !== at.c && !(await hasOldAsk(store, at, replaces))) return "not-replaceable";
  return live >= of.maxInFlight ? "busy" : undefined;
}

/** Whether the record of this ask is still kept; the ask may be running or have ended. */
export async function hasAsk(store: Store, at: AskAddress): Promise<boolean> {
  return (await store.redis.exists(recordKey(at))) === 1;
}

/**
 * Returns the digest of an ask. Two asks with one id are the same ask if their digests are equal: if they have the same
 * conversation, message, files (by name and bytes), passwords and replaced ask. The digest is an HMAC, so nobody can
 * use it to check a guess of the question or the password without the secret. The secret is in Redis, too, encrypted
 * only if `DATA_KEY` is set.
 */
export function askDigest(
  secret: string,
  ask: {
    conversation: string;
    message: string;
    files: ReadonlyArray<{ name: string; sha256: string; password?: string }>;
    replaces?: string | undefined;
  },
): string {
  const files = ask.files.map(({ name, sha256, password }) => [name, sha256, password ?? null]);
  const parts = [ask.conversation, ask.message, files, ...(ask.replaces === undefined ? [] : [ask.replaces])];
  return createHmac("sha256", secret).update(JSON.stringify(parts)).digest("base64url");
}
