import type { AskAddress, ConversationAddress } from "../redis/address.ts";
import { named, type Reply } from "../redis/script.ts";

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

/** An ask as its worker sees it. Times are ms of Redis's clock; `now` is when this was read. */
export interface TakenAsk {
  readonly address: AskAddress;
  readonly conversation: string;
  readonly id: string;
  readonly body: AskBody;
  /** Engine calls begun so far. */
  readonly attempt: number;
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
  readonly trace: string;
  /** It has been parked or handed back before. */
  readonly waited: boolean;
  /** Taking it has begun `attempt` already; see `take`. */
  readonly begun: boolean;
  /** Its last owner ran it and did not release it: that worker may have crashed because of this ask. */
  readonly orphaned: boolean;
}

/** An ask as the sweeper sees it. */
export interface CheckedAsk extends TakenAsk {
  readonly state: string;
  /** How often the sweeper has checked it since it was taken last. */
  readonly checks: number;
}

/** Reads what `described` of `conversation.lua` returns, as `owner` sees it. */
export function readRecord({ shard, u, c }: ConversationAddress, reply: Reply, owner?: string): CheckedAsk {
  const fields = named(reply);
  const text = (name: string): string => fields.get(name) ?? "";
  const number = (name: string): number => Number(fields.get(name));
  return {
    address: { shard, u, c, a: text("a") },
    conversation: text("conversation"),
    id: text("id"),
    body: JSON.parse(text("body")) as AskBody,
    attempt: number("attempt"),
    n: number("n"),
    taken: number("taken"),
    cancelled: text("cancel") === "1",
    acceptedAt: number("accepted"),
    deadline: number("deadline"),
    now: number("now"),
    seq: number("seq"),
    trace: text("trace"),
    waited: fields.has("released"),
    begun: owner !== undefined && fields.get("begun") === owner,
    orphaned: text("orphaned") === "1",
    state: text("state"),
    checks: number("looks"),
  };
}
