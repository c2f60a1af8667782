import type { EventBody, Terminal } from "@docrelay/protocol";
import { logKey } from "../redis/keys.ts";
import { wrongAnswer, type Store } from "../redis/store.ts";
import { eventTails, runStep, step } from "./conversation-script.ts";
import type { TakenAsk } from "./record.ts";
import type { Ended } from "./turn.ts";

const FINISH = step("finish.lua", { ask: "text", attempt: "number", n: "number", how: "text" }, { tails: true });

/** `before`: events of the attempt that are written first, in the same step; n is the number of the first of all. */
export interface Ending {
  readonly end: EventBody<Terminal>;
  readonly nonce: string;
  readonly before?: readonly EventBody[];
}

/**
 * Writes an ask's terminal event and takes the ask out of every index, in one step. The first finish wins: later ones,
 * and retries, return `ended` and how. `at` fences a worker to its attempt and to its events being all there; `"any"` is
 * for the sweeper and for cancels, which may end an ask at any attempt. `empty`: the mailbox was empty after this step;
 * an ask accepted later has a bell of its own.
 */
export async function finish(
  store: Store,
  ask: TakenAsk,
  at: { attempt: number; n: number } | "any",
  { end, nonce, before = [] }: Ending,
): Promise<{ kind: "finished"; seq: number; empty: boolean } | { kind: "stale" } | Ended> {
  const [attempt, n] = at === "any" ? [-1, 0] : [at.attempt, at.n];
  const tails = eventTails(ask, nonce, [...before, end]);
  const reply = await runStep(store, ask.address, FINISH, { ask: ask.address.a, attempt, n, how: end.type, tails });
  if (reply[0] === "FINISHED") return { kind: "finished", seq: Number(reply[1]), empty: reply[2] === 1 };
  if (reply[0] === "STALE") return { kind: "stale" };
  if (reply[0] === "ENDED") return { kind: "ended", how: String(reply[1]) };
  throw wrongAnswer("finish", reply);
}

/** The part of an attempt's answer that was written: its deltas joined, read from the log. */
export async function arrivedText(store: Store, ask: TakenAsk, attempt: number): Promise<string> {
  let text = "";
  let from = `${ask.seq}-0`;
  while (true) {
    const entries = await store.redis.xrange(logKey(ask.address), from, "+", "COUNT", 512);
    for (const [id, [, json]] of entries) {
      from = `(${id}`;
      const event = JSON.parse(json ?? "{}") as { type?: string; ask?: string; attempt?: number; text?: string };
      if (event.type === "delta" && event.ask === ask.id && event.attempt === attempt) text += event.text ?? "";
    }
    if (entries.length < 512) return text;
  }
}
