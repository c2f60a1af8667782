import type { EventBody, Terminal } from "@docrelay/protocol";
import { conversationScript, eventRests, runOn } from "./conversation-script.ts";
import { logKey } from "../redis/keys.ts";
import { wrongAnswer, type Store } from "../redis/store.ts";
import type { Ended, TakenAsk } from "./turn.ts";

const FINISH = conversationScript(`
local a, attempt, n, how = arg[1], tonumber(arg[2]), tonumber(arg[3]), arg[4]
local r = redis.call('HMGET', records .. a, 'state', 'attempt', 'n', 'how')
if not r[1] or r[1] == 'ended' then return { 'ENDED', r[4] or 'gone' } end
if attempt >= 0 and (tonumber(r[2]) ~= attempt or tonumber(r[3]) + 1 ~= n) then return { 'STALE' } end
for i = 5, #arg - 1 do write(r[2], arg[i]) end
return { 'FINISHED', close(a, how, r[2], arg[#arg]), redis.call('EXISTS', mail) }
`);

/**
 * Writes an ask's terminal event and takes the ask out of every index, in one step. The first finish wins: later ones,
 * and re-sends, answer `ended` with how. `at` fences a worker to its attempt and to its events being all there;
 * `"any"` is for the sweeper and for cancels, which may end an ask at whatever attempt it is. `before`: events of the
 * attempt that are written first, in the same step; n is the number of the first of all. `empty`: the mailbox was, in
 * the same step; who rings later rings again.
 */
export async function finish(
  store: Store,
  ask: TakenAsk,
  at: { attempt: number; n: number } | "any",
  body: EventBody<Terminal>,
  nonce: string,
  before: readonly EventBody[] = [],
): Promise<{ kind: "finished"; seq: number; empty: boolean } | { kind: "stale" } | Ended> {
  const [attempt, n] = at === "any" ? [-1, 0] : [at.attempt, at.n];
  const rests = eventRests(ask, nonce, [...before, body]);
  const reply = await runOn(store, ask.address, FINISH, [ask.address.a, attempt, n, body.type, ...rests]);
  if (reply[0] === "FINISHED") return { kind: "finished", seq: Number(reply[1]), empty: reply[2] === 0 };
  if (reply[0] === "STALE") return { kind: "stale" };
  if (reply[0] === "ENDED") return { kind: "ended", how: String(reply[1]) };
  throw wrongAnswer("finish", reply);
}

/** What had arrived of an attempt's answer: its deltas joined, read from the log. */
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
