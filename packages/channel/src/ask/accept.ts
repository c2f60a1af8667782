import { createHmac } from "node:crypto";
import { askAddress } from "../redis/address.ts";
import { liveKey, recordKey } from "../redis/keys.ts";
import { exec } from "../texts/text-store.ts";
import { conversationScript, eventRest, runOn } from "./conversation-script.ts";
import { SUPPORTED_RECORD_VERSION, wrongAnswer, type Store } from "../redis/store.ts";

/** One file of an ask: `text` is the key of its extraction, `ref` where its bytes lie. */
export interface AskFile {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  readonly text: string;
  readonly ref: string;
  /** `text` was made with a password: its extraction is of no use without it. */
  readonly locked?: boolean;
}

/** What the worker needs of an ask; kept in its record until the ask ends. */
export interface AskBody {
  readonly message: string;
  readonly files: readonly AskFile[];
  readonly origin: "socket" | "plain";
  /** `unique_id` of a plain frame. */
  readonly uniqueId?: string;
}

export interface AcceptInput {
  readonly user: string;
  readonly conversation: string;
  readonly id: string;
  readonly body: AskBody;
  /** See {@link askDigest}. */
  readonly digest: string;
  readonly trace: string;
  readonly nonce: string;
  /** Most unfinished asks of the user. */
  readonly maxInFlight: number;
}

export type Accepted = { kind: "accepted"; seq: number; duplicate: boolean } | { kind: "busy" } | { kind: "conflict" };

/** How long the sweeper waits before it rings for an ask whose edge may have died before the wake job. */
const FIRST_LOOK_MS = 5000;

const ACCEPT = conversationScript(`
local a, digest, deadline_ms, max_in_flight, rest = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4]), arg[5]
local rec = records .. a
local known = redis.call('HMGET', rec, 'digest', 'seq')
if known[1] then
  if known[1] ~= digest then return { 'CONFLICT' } end
  return { 'OK', tonumber(known[2]), 1 }
end
if redis.call('SCARD', live) >= max_in_flight then return { 'BUSY' } end
redis.call('RPUSH', mail, a)
redis.call('HSET', rec, 'digest', digest, 'state', 'queued', 'attempt', 0, 'n', 0, 'taken', 0, 'looks', 0,
  'accepted', ms(now), 'deadline', ms(now + deadline_ms), unpack(arg, 6))
redis.call('SADD', live, a)
local seq = write(0, rest)
redis.call('HSET', rec, 'seq', seq)
look_at(a, now + ${FIRST_LOOK_MS})
redis.call('ZADD', convs, ms(now), string.match(member_prefix, '/(.*)/'))
redis.call('ZREMRANGEBYRANK', convs, 0, -1001)
renew(a)
return { 'OK', seq, 0 }
`);

/**
 * Makes an ask durable: record, mailbox, sweeper's index and its `accepted` event, in one step or not at all.
 *
 * Idempotent by ask id: sent again with the same digest it answers the stored seq and `duplicate`, also after the ask
 * has ended; with another digest it answers `conflict`. `busy` has stored nothing. The caller rings the conversation's
 * doorbell afterwards, also for a duplicate.
 */
export async function accept(store: Store, input: AcceptInput): Promise<Accepted> {
  const { user, conversation, id, body } = input;
  const at = askAddress(user, conversation, id);
  const rest = eventRest(conversation, id, input.nonce, {
    type: "accepted",
    message: body.message,
    files: body.files.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
  });
  const record = ["v", SUPPORTED_RECORD_VERSION, "conversation", conversation, "id", id, "c", at.c];
  const more = ["trace", input.trace, "files", body.files.length, "body", JSON.stringify(body)];
  const args = [at.a, input.digest, store.askDeadlineMs, input.maxInFlight, rest, ...record, ...more];
  const reply = await runOn(store, at, ACCEPT, args);
  switch (reply[0]) {
    case "OK":
      return { kind: "accepted", seq: Number(reply[1]), duplicate: reply[2] === 1 };
    case "BUSY":
      return { kind: "busy" };
    case "CONFLICT":
      return { kind: "conflict" };
    default:
      throw wrongAnswer("accept", reply);
  }
}

/**
 * Whether an ask would be refused as `busy` now: a look before its bytes are stored. One that was accepted already never
 * is. {@link accept} alone decides.
 */
export async function isCrowded(
  store: Store,
  user: string,
  conversation: string,
  id: string,
  maxInFlight: number,
): Promise<boolean> {
  const at = askAddress(user, conversation, id);
  const [known, live] = await exec(store.redis.pipeline().exists(recordKey(at)).scard(liveKey(at)));
  return known === 0 && Number(live) >= maxInFlight;
}

/**
 * What makes two asks with one id the same ask: conversation, message, files by name and bytes, and passwords. Keyed
 * with a secret that lies in Redis, so that a record does not give its question or password away to a guess.
 */
export function askDigest(
  secret: string,
  ask: {
    conversation: string;
    message: string;
    files: ReadonlyArray<{ name: string; sha256: string; password?: string }>;
  },
): string {
  const files = ask.files.map(({ name, sha256, password }) => [name, sha256, password ?? null]);
  return createHmac("sha256", secret)
    .update(JSON.stringify([ask.conversation, ask.message, files]))
    .digest("base64url");
}
