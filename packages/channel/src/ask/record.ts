import { readTrace } from "@docrelay/protocol";
import type { AskAddress, ConversationAddress, UserAddress } from "../redis/address.ts";
import type { Reply } from "../redis/script.ts";
import { sealingOf, type Store } from "../redis/store.ts";
import { placeOfBody } from "../sealing/places.ts";

/** One file of an ask. `text`: the key of its extraction. `ref`: where its bytes are stored. */
export interface AskFile {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  readonly text: string;
  readonly ref: string;
  /** The id of the upload, by which the user may name the file again; absent in records of version 0.1. */
  readonly upload?: string;
  /** `text` was extracted with a password: without the password, this extraction is of no use. */
  readonly locked?: boolean;
}

/** The most engine calls of an ask that are spared: a worker lost the call without a crash, so it is not counted. */
export const MAX_SPARED = 7;

/** The part of an ask that its worker needs. It is kept in the ask's record until the ask ends. */
export interface AskBody {
  readonly message: string;
  readonly files: readonly AskFile[];
  readonly origin: "socket" | "plain";
  /** `unique_id` of a plain frame. */
  readonly uniqueId?: string;
  /**
   * The user's tenant and network, where a quota limits them: they are charged for the engine's tokens as well as the
   * user.
   */
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
  /** How many of them do not count as failed calls: their workers were stopped, or lost the ask without a crash. */
  readonly spared: number;
  /** How many events were written in this attempt. */
  readonly n: number;
  /** How often the ask was taken without reaching an engine call. The number grows when its owners crash. */
  readonly taken: number;
  readonly cancelled: boolean;
  readonly acceptedAt: number;
  readonly deadline: number;
  readonly now: number;
  /** Position of its `accepted` event. */
  readonly seq: number;
  /** The id of the ask's trace. */
  readonly trace: string;
  /** The `traceparent` for spans of the ask's trace, where the edge that accepted it uses OpenTelemetry. */
  readonly traceparent?: string;
  /** The ask has been parked or handed back before. */
  readonly waited: boolean;
  /** `take` has begun `attempt` already; see `take`. */
  readonly begun: boolean;
  /** The last owner ran the ask and did not release it: that worker may have crashed because of this ask. */
  readonly orphaned: boolean;
  /** Where to continue `attempt`, as its last owner wrote it; undefined when a new attempt has to begin. */
  readonly resume?: string;
}

/** An ask as the sweeper sees it. */
export interface CheckedAsk extends TakenAsk {
  readonly state: string;
  /** The token of its owner; empty when no worker runs it. */
  readonly owner: string;
  /** How often the sweeper has checked the ask since it was last taken. */
  readonly checks: number;
}

/**
 * The fields of a record that {@link readRecord} and the scripts that describe an ask need. Scripts read the fields in
 * the order of this list, and the list names the values they return, so a new field may be added anywhere. HGETALL
 * would need no list, but it cost `take` a tenth more of Redis's time.
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

/** Reads the reply of `described` in `conversation.lua`, from the point of view of `owner`. */
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

/** Reads the stored body of a record. */
export function readBody(store: Store, ask: Pick<AskAddress, "u" | "c">, stored: string): AskBody {
  return JSON.parse(sealingOf(store).unsealText(placeOfBody(ask), stored)) as AskBody;
}

function sparedOf(written: string): number {
  return Math.min(MAX_SPARED, written.split(" ").filter(Boolean).length);
}

/**
 * A worker of an older version begins another attempt but keeps the `resume` field, so a field of another attempt is
 * ignored.
 */
function resumeOf(written: string, attempt: string): { resume?: string } {
  return written.startsWith(`${attempt} `) ? { resume: written.slice(attempt.length + 1) } : {};
}
