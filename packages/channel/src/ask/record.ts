import { readTrace } from "@docrelay/protocol";
import type { AskAddress, ConversationAddress, UserAddress } from "../redis/address.ts";
import type { Reply } from "../redis/script.ts";
import { sealingOf, type Store } from "../redis/store.ts";
import { placeOfBody } from "../sealing/places.ts";

/** One file of an ask: `text` is the key of its extraction, `ref` where its bytes lie. */
export interface AskFile {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  readonly text: string;
  readonly ref: string;
  /** Under which its user may name it again; absent in records of 0.1. */
  readonly upload?: string;
  /** `text` was made with a password: its extraction is of no use without it. */
  readonly locked?: boolean;
}

/** Most engine calls of an ask that are not counted because their workers lost it without a crash. */
export const MAX_SPARED = 7;

/** What the worker needs of an ask; kept in its record until the ask ends. */
export interface AskBody {
  readonly message: string;
  readonly files: readonly AskFile[];
  readonly origin: "socket" | "plain";
  /** `unique_id` of a plain frame. */
  readonly uniqueId?: string;
  /** The accounts that are charged for the engine's tokens besides the user: the user's tenant and network, where a quota bounds theirs. */
  readonly charged?: readonly UserAddress[];
}

/** An ask as its worker sees it. Times are ms of Redis's clock; `now` is when this was read. */
export interface TakenAsk {
  readonly address: AskAddress;
  readonly conversation: string;
  readonly id: string;
  readonly body: AskBody;
  /** Engine calls begun so far. */
  readonly attempt: number;
  /** How many of them do not count as the engine's: their workers were stopped, or lost the ask without a crash. */
  readonly spared: number;
  /** Events written in this attempt. */
  readonly n: number;
  /** Times it was taken without reaching an engine call. It grows when its owners crash. */
  readonly taken: number;
  readonly cancelled: boolean;
  readonly acceptedAt: number;
  readonly deadline: number;
  readonly now: number;
  /** Position of its `accepted` event. */
  readonly seq: number;
  /** The id of its trace. */
  readonly trace: string;
  /** For the steps of its trace, where the edge that accepted it traces. */
  readonly traceparent?: string;
  /** It has been parked or handed back before. */
  readonly waited: boolean;
  /** Taking it has begun `attempt` already; see `take`. */
  readonly begun: boolean;
  /** Its last owner ran it and did not release it: that worker may have crashed because of this ask. */
  readonly orphaned: boolean;
  /** Where to go on with `attempt`, as its last owner wrote it; undefined when another attempt has to begin. */
  readonly resume?: string;
}

/** An ask as the sweeper sees it. */
export interface CheckedAsk extends TakenAsk {
  readonly state: string;
  /** The token of its owner; empty when no worker runs it. */
  readonly owner: string;
  /** How often the sweeper has checked it since it was taken last. */
  readonly checks: number;
}

/**
 * The fields of a record that {@link readRecord} and the scripts that describe an ask need, read once. Scripts read them by
 * this list and it names their values, so a field more, in whatever place, shifts no other. HGETALL would do without the
 * list: it cost `take` a tenth more of Redis's time.
 */
export const RECORD_FIELDS = [
  "conversation",
  "id",
  "body",
  "attempt",
  "n",
  "taken",
  "cancel",
  "accepted",
  "deadline",
  "seq",
  "trace",
  "state",
  "looks",
  "released",
  "begun",
  "owner",
  "files",
  "v",
  "resume",
  "spared",
] as const;

/** Reads what `described` of `conversation.lua` returns, as `owner` sees it. */
export function readRecord(
  store: Store,
  { shard, u, c }: ConversationAddress,
  reply: Reply,
  owner?: string,
): CheckedAsk {
  const [, a, now, orphaned, ...values] = reply;
  const fields = Object.fromEntries(RECORD_FIELDS.map((name, index) => [name, values[index] ?? null])) as Record<
    (typeof RECORD_FIELDS)[number],
    string | number | null
  >;
  const address = { shard, u, c, a: String(a) };
  return {
    address,
    conversation: String(fields.conversation),
    id: String(fields.id),
    body: readBody(store, address, String(fields.body)),
    attempt: Number(fields.attempt),
    spared: sparedOf(String(fields.spared ?? "")),
    n: Number(fields.n),
    taken: Number(fields.taken),
    cancelled: fields.cancel === "1",
    acceptedAt: Number(fields.accepted),
    deadline: Number(fields.deadline),
    now: Number(now),
    seq: Number(fields.seq),
    ...readTrace(String(fields.trace)),
    waited: fields.released !== null,
    begun: owner !== undefined && fields.begun === owner,
    orphaned: orphaned === 1,
    ...resumeOf(String(fields.resume ?? ""), String(fields.attempt)),
    state: String(fields.state),
    owner: String(fields.owner ?? ""),
    checks: Number(fields.looks),
  };
}

/** The body of a record as it is stored. */
export function readBody(store: Store, ask: Pick<AskAddress, "u" | "c">, stored: string): AskBody {
  return JSON.parse(sealingOf(store).unsealText(placeOfBody(ask), stored)) as AskBody;
}

function sparedOf(written: string): number {
  return Math.min(MAX_SPARED, written.split(" ").filter(Boolean).length);
}

/** A worker of an older version begins another attempt and leaves the field of the earlier one. */
function resumeOf(written: string, attempt: string): { resume?: string } {
  return written.startsWith(`${attempt} `) ? { resume: written.slice(attempt.length + 1) } : {};
}
