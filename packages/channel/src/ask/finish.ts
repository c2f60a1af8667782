import type { Event, EventBody, Terminal } from "@docrelay/protocol";
import { logKey, usedKey } from "../redis/keys.ts";
import { sealingOf, wrongAnswer, type Store } from "../redis/store.ts";
import { readEvent } from "../sealing/sealed-event.ts";
import { DAY } from "../usage/day.ts";
import { eventTails, runStep, step } from "./conversation-script.ts";
import type { TakenAsk } from "./record.ts";
import type { Ended } from "./turn.ts";

/** How many events of a log one command reads. */
const PAGE = 512;

const FINISH = step(
  "finish.lua",
  { ask: "text", attempt: "number", n: "number", how: "text", owner: "text", used: "text", tokens: "number" },
  { tails: true, isConfirmed: true, shared: [DAY] },
);

/**
 * How an ask ends.
 * - `end`: the terminal event. `before`: events of the attempt that the same step writes before the terminal event.
 * - `owner`: the write is refused as stale unless this owner still has the ask.
 * - `tokens`: the engine's tokens of this call, which are added to the user's use of the day.
 */
export interface Ending {
  readonly end: EventBody<Terminal>;
  readonly nonce: string;
  readonly before?: readonly EventBody[];
  readonly owner?: string | undefined;
  readonly tokens?: number;
}

/**
 * Writes an ask's terminal event and removes the ask from every index, in one step. The first call wins. Later calls
 * return `ended` and how the ask ended; only a repeated call with the winner's nonce returns `finished` again.
 *
 * `at`: a worker's attempt, and the number `n` of the first event that it writes here. The write is stale unless the
 * attempt is the stored one and `n` is its next number. The sweeper and cancels pass `"any"`, because they may end an
 * ask at any attempt. `empty`: the mailbox was empty after this step, so no bell need be rung.
 */
export async function finish(
  store: Store,
  ask: TakenAsk,
  at: { attempt: number; n: number } | "any",
  { end, nonce, before = [], owner = "", tokens = 0 }: Ending,
): Promise<{ kind: "finished"; seq: number; empty: boolean } | { kind: "stale" } | Ended> {
  const [attempt, n] = at === "any" ? [-1, 0] : [at.attempt, at.n];
  const tails = eventTails(store, ask, nonce, [...before, end]);
  const args = { ask: ask.address.a, attempt, n, how: end.type, owner, used: usedKey(ask.address), tokens, tails };
  const reply = await runStep(store, ask.address, FINISH, args);
  if (reply[0] === "FINISHED") return { kind: "finished", seq: Number(reply[1]), empty: reply[2] === 1 };
  if (reply[0] === "STALE") return { kind: "stale" };
  if (reply[0] !== "ENDED") throw wrongAnswer("finish", reply);
  const how = String(reply[1]);
  // This call may repeat the one that has ended the ask and whose reply was lost. Then the log has an event with this
  // call's nonce.
  const seq = how === end.type ? await seqOf(store, ask, before.length === 0 ? nonce : `${nonce}-${before.length}`) : 0;
  return seq > 0 ? { kind: "finished", seq, empty: false } : { kind: "ended", how };
}

/** Returns the seq of the event with this nonce, at or after the ask's acceptance; 0 when the log does not have it. */
async function seqOf(store: Store, ask: TakenAsk, nonce: string): Promise<number> {
  for await (const event of loggedEvents(store, ask)) if (event.nonce === nonce) return event.seq;
  return 0;
}

/** Returns the events of a conversation, beginning with an ask's acceptance. */
async function* loggedEvents(store: Store, ask: TakenAsk): AsyncGenerator<Event, void, void> {
  let from = `${ask.seq}-0`;
  while (true) {
    const entries = await store.redis.xrange(logKey(ask.address), from, "+", "COUNT", PAGE);
    for (const [id, [, json]] of entries) {
      from = `(${id}`;
      yield readEvent(sealingOf(store), ask.address.c, json ?? "");
    }
    if (entries.length < PAGE) return;
  }
}

/** The part of an attempt's answer that is in the log. Times are ms of Redis's clock. */
export interface Arrived {
  /** The texts of the attempt's deltas, joined. */
  readonly text: string;
  /** When the attempt's `started` event was written; undefined when there is none, or when it is no longer kept. */
  readonly startedAt: number | undefined;
  /** When the attempt's first delta was written; undefined when there is none. */
  readonly firstTextAt: number | undefined;
}

/** Reads from the log how much of an attempt's answer was written. */
export async function arrived(store: Store, ask: TakenAsk, attempt: number): Promise<Arrived> {
  let text = "";
  let startedAt: number | undefined;
  let firstTextAt: number | undefined;
  for await (const event of loggedEvents(store, ask)) {
    if (event.ask !== ask.id || event.attempt !== attempt) continue;
    if (event.type === "started") startedAt = event.at;
    if (event.type !== "delta") continue;
    text += event.text;
    firstTextAt ??= event.at;
  }
  return { text, startedAt, firstTextAt };
}
