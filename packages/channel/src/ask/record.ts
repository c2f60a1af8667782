import { readTrace } from "@docrelay/protocol";
import type { AskAddress, ConversationAddress, UserAddress } from "../redis/address.ts";
import type { Reply } from "../redis/script.ts";
import { sealingOf, type Store } from "../redis/store.ts";
import { placeOfBody } from "../sealing/places.ts";

/** One file of an ask. `text`: its text key. `ref`: the blob with its bytes. */
export interface AskFile {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  readonly text: string;
  readonly ref: string;
  /**
   * The id of the upload, by which the user may name the file in another ask. Records of version 0.1 lack this field.
   */
  readonly upload?: string;
  /**
   * Whether the user gave a password for the file. The text key `text` was then made with this password, and only an
   * extraction with the password gives the text that belongs to `text`.
   */
  readonly locked?: boolean;
}

/**
 * How many engine calls of one ask are spared at most: they do not count against `maxAttempts`, because a worker lost
 * them without a crash.
 */
export const MAX_SPARED = 7;

/** The part of an ask that its worker needs. It is kept in the ask's record until the ask ends. */
export interface AskBody {
  readonly message: string;
  readonly files: readonly AskFile[];
  readonly origin: "socket" | "plain";
  /** The `unique_id` of the frame on `/ws/chat/` that made this ask. */
  readonly uniqueId?: string;
  /**
   * The user's tenant and network, if a quota limits them: the engine's tokens are counted for them as well as for the
   * user.
   */
  readonly charged?: readonly UserAddress[];
  /** For whom the ask's files are extracted besides the user, in case a worker has to queue an extraction again. */
  readonly extraction?: ExtractionGroups;
}

/** For whom an extraction counts besides the user. */
export interface ExtractionGroups {
  /** The user's network, if waiting extractions are also counted for networks. */
  readonly network?: UserAddress | undefined;
  /** Those of the user's network and tenant that have a quota of pages. */
  readonly charged?: readonly UserAddress[] | undefined;
}

/** An ask as its worker sees it. Times are in ms by Redis's clock; `now` is when the ask was read. */
export interface TakenAsk {
  readonly address: AskAddress;
  readonly conversation: string;
  readonly id: string;
  readonly body: AskBody;
  /** How many engine calls were begun for the ask so far. */
  readonly attempt: number;
  /**
   * How many of the ask's engine calls do not count against `maxAttempts`, because their workers were stopped, or lost
   * the ask without a crash.
   */
  readonly spared: number;
  /** How many events of the current attempt are in the log. */
  readonly n: number;
  /**
   * How many times the ask was taken since its last engine call began. The number grows if owners of the ask crash
   * before they begin a call.
   */
  readonly taken: number;
  readonly cancelled: boolean;
  readonly acceptedAt: number;
  readonly deadline: number;
  readonly now: number;
  /** The seq of the ask's `accepted` event. */
  readonly seq: number;
  readonly trace: string;
  /**
   * The `traceparent` under which workers add spans to the ask's trace; set if the edge that accepted the ask uses
   * OpenTelemetry.
   */
  readonly traceparent?: string;
  /** Whether the ask has been parked or handed back before. */
  readonly waited: boolean;
  /**
   * Whether `take` itself has begun the engine call with the number `attempt`, so that the worker need not call
   * `begin`.
   */
  readonly begun: boolean;
  /**
   * Whether the last owner ran the ask and did not release it: the owner's worker may have crashed because of this ask.
   */
  readonly orphaned: boolean;
  /**
   * Where to continue the answer of `attempt`, as the ask's last owner stored it. If undefined, the worker begins a new
   * attempt.
   */
  readonly resume?: string;
}

export interface CheckedAsk extends TakenAsk {
  readonly state: string;
  /** The token of the worker that runs the ask; empty when no worker runs it. */
  readonly owner: string;
  /** How many times the sweeper has checked the ask since it was last taken. */
  readonly checks: number;
}

/**
 * The fields of a record that {@link readRecord} and the scripts that return an ask need. The order of this list is the
 * order in which scripts read and return the fields, and TypeScript assigns the values by it, so a new field may be
 * added anywhere. HGETALL would need no list, but it cost `take` a tenth more of Redis's time.
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

/** Reads the reply of `described` in `conversation.lua` for the worker with the token `owner`. */
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

/** Decrypts and parses the field `body` of a record. */
export function readBody(store: Store, ask: Pick<AskAddress, "u" | "c">, stored: string): AskBody {
  return JSON.parse(sealingOf(store).unsealText(placeOfBody(ask), stored)) as AskBody;
}

function sparedOf(written: string): number {
  return Math.min(MAX_SPARED, written.split(" ").filter(Boolean).length);
}

/**
 * Returns the part of the field `resume` after the attempt's number. A worker of an older version begins another
 * attempt but leaves the field as it was, so a field with the number of another attempt is ignored.
 */
function resumeOf(written: string, attempt: string): { resume?: string } {
  return written.startsWith(`${attempt} `) ? { resume: written.slice(attempt.length + 1) } : {};
}
