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
  /** The ask of the same conversation that this one stands for. */
  readonly replaces?: string | undefined;
  /** See {@link askDigest}. */
  readonly digest: string;
  readonly trace: string;
  readonly nonce: string;
  /** Most unfinished asks of the user. */
  readonly maxInFlight: number;
  /** Most asks of the user a day; this one is counted in any case. */
  readonly maxAsks?: number | undefined;
  /** What is counted against the user's budget of bytes that are kept, and how many are many. */
  readonly kept?: { readonly bytes: number; readonly maxBytes: number };
}

export type Accepted =
  /** `overMs`: the user keeps more than `kept.maxBytes`, for so long in ms. */
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
    prunes: "number",
  },
  { isConfirmed: true, shared: [DAY, KEPT] },
);

/** A conversation is listed again after this part of the retention: so much longer its id may stay in the index. */
const RELIST_PART = 8;
/** One of so many conversations removes those from the index that are no longer kept; its first letter decides. */
const PRUNES = /^[0-3]/;
const MAX_TITLE = 200;

/** The question in one line, cut; without one the name of the first file. */
function titleOf({ message, files }: AskBody): string {
  const line = message
    .slice(0, 4 * MAX_TITLE)
    .replaceAll(/\s+/g, " ")
    .trim();
  return (line || (files[0]?.name ?? "")).slice(0, MAX_TITLE).replace(/[\uD800-\uDBFF]$/, "");
}

/**
 * Makes an ask durable: record, mailbox, sweeper's index and its `accepted` event, in one step or not at all.
 *
 * Idempotent by ask id: sent again with the same digest it returns the stored seq and `duplicate`, also after the ask
 * has ended; with another digest it returns `conflict`. `not-replaceable`: the conversation has no ask `replaces`. That,
 * `busy` and `quota` have stored nothing. The caller rings the conversation's bell, also for a duplicate.
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
    // `used` and `kept` are arguments, since no other step has them: a declared key that is not there holds up scripts of a slot that moves.
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
    // The script finds a name that it knows already.
    names: body.files.map(({ name }) => sealing.sealSameText(placeOfNames(at), name)).join("\n"),
    relistMs: Math.floor(store.retentionMs / RELIST_PART),
    prunes: PRUNES.test(at.c) ? 1 : 0,
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
 * Whether an ask would be refused as `busy` now, to be asked before its bytes are stored. An ask that was accepted already
 * is not refused. {@link accept} alone decides.
 */
export async function wouldBeBusy(
  store: Store,
  of: Pick<AcceptInput, "user" | "conversation" | "id" | "maxInFlight">,
): Promise<boolean> {
  const at = askAddress(of.user, of.conversation, of.id);
  const [known, live] = await Promise.all([store.redis.exists(recordKey(at)), store.redis.scard(liveKey(at))]);
  return known === 0 && live >= of.maxInFlight;
}

/** Whether an ask is known, ended or not. */
export async function hasAsk(store: Store, at: AskAddress): Promise<boolean> {
  return (await store.redis.exists(recordKey(at))) === 1;
}

/**
 * What makes two asks with one id the same ask: conversation, message, files by name and bytes, passwords, and the ask
 * that it replaces. Keyed with a secret that is stored in Redis, so that the digest in a record cannot confirm a guessed question or password.
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
