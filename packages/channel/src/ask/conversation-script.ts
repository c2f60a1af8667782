import type { AskAddress, ConversationAddress } from "../redis/address.ts";
import { frameAround } from "../log/frame.ts";
import { channelOf, conversationsKey, dueKey, liveKey, logKey, mailKey, metaKey, recordPrefix } from "../redis/keys.ts";
import { CLOCK, lua, run, script, type ArgumentKind, type Reply, type Script } from "../redis/script.ts";
import { sealingOf, type Store } from "../redis/store.ts";
import { sealEvent } from "../sealing/sealed-event.ts";
import { MAX_SPARED, RECORD_FIELDS } from "./record.ts";

const MAX_EVENTS = 5000;
const MAX_BYTES = 8_000_000;
/**
 * After how many ms the sweeper first checks an ask that can run, in case its bell was lost. Together with the
 * sweeper's own interval, the ask waits for less than a second.
 */
const FIRST_CHECK_MS = 600;

/**
 * The arguments that every step of an ask gets: the names and limits of its conversation. `conversation.lua` uses them.
 */
const CONTEXT = {
  retention: "number",
  maxEvents: "number",
  maxBytes: "number",
  firstCheckMs: "number",
  maxSpared: "number",
  confirms: "number",
  memberPrefix: "text",
  channel: "text",
  frameHead: "text",
  frameTail: "text",
} as const;

const SHARED = lua(import.meta.url, "conversation.lua");
/*
 * `records` is the prefix of the names of the record keys. No key has this name; it is declared only to keep a step
 * from running while its slot moves between nodes of a cluster. Keys move one at a time, so a record that is still at
 * the other node would look expired, and its ask would be lost. When some of the declared keys are missing, both nodes
 * reply TRYAGAIN before the script runs.
 */
const KEYS = ["due", "live", "convs", "log", "mail", "meta", "records"] as const;

/** A step of an ask: a script over one conversation's keys. `A`: the names of the step's own arguments. */
export interface Step<A extends string> {
  readonly script: Script<(typeof KEYS)[number]>;
  /** This value is never read: it only gives {@link runStep} the type of the step's arguments. */
  readonly args: Readonly<Record<A, ArgumentKind>>;
  /**
   * Whether a client gets an acknowledgement of the step. Such a step also waits until replicas have its writes, if the
   * store has replicas.
   */
  readonly isConfirmed: boolean;
}

/**
 * Makes a step of the Lua file of this name in this folder.
 * - `tails`: the step also takes events to write; see {@link eventTail}.
 * - `describes`: the step returns the record of an ask; see `readRecord`.
 * - `isConfirmed`: see {@link Step}.
 * - `shared`: other Lua files that the step needs.
 */
export function step<A extends string>(
  file: `${string}.lua`,
  args: Readonly<Record<A, ArgumentKind>>,
  { tails = false, describes = false, isConfirmed = false, shared = [] as readonly URL[] } = {},
): Step<A> {
  const files = [CLOCK, SHARED, ...shared, lua(import.meta.url, file)];
  const all: Record<string, ArgumentKind> = { ...CONTEXT, ...args };
  const names = describes ? { recordFields: RECORD_FIELDS } : {};
  return {
    script: script({ files, keys: KEYS, args: all, names, ...(tails ? { list: "tails" } : {}) }),
    args,
    isConfirmed,
  };
}

export function runStep<A extends string>(
  store: Store,
  at: ConversationAddress,
  what: Step<A>,
  { tails = [], ...args }: Readonly<Record<A, string | number>> & { readonly tails?: readonly string[] },
): Promise<Reply> {
  const [frameHead, frameTail] = frameAround(at, "event");
  const keys = {
    due: dueKey(at.shard),
    live: liveKey(at),
    convs: conversationsKey(at),
    log: logKey(at),
    mail: mailKey(at),
    meta: metaKey(at),
    records: recordPrefix(at),
  };
  const context: Record<keyof typeof CONTEXT, string | number> = {
    retention: store.retentionMs,
    maxEvents: store.maxEvents ?? MAX_EVENTS,
    maxBytes: store.maxBytes ?? MAX_BYTES,
    firstCheckMs: FIRST_CHECK_MS,
    maxSpared: MAX_SPARED,
    confirms: what.isConfirmed && store.replicas ? 1 : 0,
    memberPrefix: `${at.u}/${at.c}/`,
    channel: channelOf(at),
    frameHead,
    frameTail,
  };
  const input = { keys, args: { ...context, ...args }, list: tails };
  const { replicas, redis } = store;
  return replicas && what.isConfirmed
    ? replicas.confirmed((own) => run(own, what.script, input))
    : run(redis, what.script, input);
}

/** The ask that an event belongs to, with the address of its conversation. */
interface EventAsk {
  readonly address: ConversationAddress;
  readonly conversation: string;
  readonly id: string;
}

/**
 * Returns the JSON of an event as a step takes it: without `seq`, `at` and `attempt`, and without the opening brace.
 */
export function eventTail(store: Store, { address, conversation, id }: EventAsk, nonce: string, body: object): string {
  return sealEvent(sealingOf(store), address.c, { conversation, ask: id, nonce }, body).slice(1);
}

/**
 * Does the same as {@link eventTail} for events that one step writes together: the nonce of each event is made of
 * `nonce` and the event's index.
 */
export function eventTails(store: Store, ask: EventAsk, nonce: string, events: readonly object[]): string[] {
  return events.map((body, index) => eventTail(store, ask, index === 0 ? nonce : `${nonce}-${index}`, body));
}

/**
 * Parses a member of a shard's key `due`, which lists unfinished asks by their next check. Returns the address of the
 * ask; undefined for any other text.
 */
export function parseMember(shard: string, member: string): AskAddress | undefined {
  const [u, c, a] = member.split("/");
  return u && c && a ? { shard, u, c, a } : undefined;
}
