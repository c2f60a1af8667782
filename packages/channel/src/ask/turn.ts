import type { EventBody } from "@docrelay/protocol";
import type { AskAddress, ConversationAddress } from "../redis/address.ts";
import type { Reply } from "../redis/script.ts";
import { SUPPORTED_RECORD_VERSION, wrongAnswer, type Store } from "../redis/store.ts";
import { eventTails, runStep, step } from "./conversation-script.ts";
import { readRecord, type TakenAsk } from "./record.ts";

/**
 * The ask has ended already: another worker, the sweeper or a cancel has ended it. `how`: the type of its terminal
 * event.
 */
export type Ended = { kind: "ended"; how: string };
export type Taken =
  | { kind: "empty" }
  | { kind: "newer" }
  /** Another worker runs the ask at the head of the mailbox, with the token `owner`. */
  | { kind: "held"; owner: string }
  | { kind: "taken"; ask: TakenAsk };

/** After how many ms the sweeper checks a running ask, in case its worker has lost the ask or died unnoticed. */
const RUNNING_CHECK_MS = 15_000;
const PARKED_CHECK_MS = 5000;

/**
 * An ask that was taken more often than this without reaching an engine call is ended: it probably crashes its workers.
 */
export const MAX_TAKEN = 5;

const TAKE = step(
  "take.lua",
  {
    owner: "text",
    voided: "text",
    voidedLives: "number",
    maxAttempts: "number",
    maxTaken: "number",
    recordVersion: "number",
    checkMs: "number",
  },
  { describes: true },
);

export interface TakeFrom {
  readonly maxAttempts?: number;
  readonly voided?: string;
  /**
   * Set if the worker of the owner token `voided` stands still but is connected. If that worker had begun a call, the
   * call counts neither as a crash nor as a failure.
   */
  readonly voidedLives?: boolean;
}

/**
 * Makes the caller the owner of the ask at the head of a mailbox. Returns `held` while another worker runs the ask,
 * unless `voided` is the token of that owner: with `voided` the caller states that this worker is gone. A repeated call
 * by the same owner returns the same result. Each new owner adds 1 to `taken`; `begin` sets `taken` to 0, and `park`
 * and `handBack` subtract 1. So `taken` counts the owners that crashed before they began a call.
 *
 * An ask without files need not wait for texts. So taking it also begins a call (see {@link begin}), unless its last
 * owner may have crashed, its answer can be continued, it was taken too often, `maxAttempts` calls were made, or it is
 * cancelled or expired. This saves one fsync before the answer's first word (ADR 16). Without `maxAttempts` no call is
 * begun.
 */
export async function take(
  store: Store,
  conversation: ConversationAddress,
  owner: string,
  { maxAttempts = 0, voided = "", voidedLives = false }: TakeFrom = {},
): Promise<Taken> {
  const reply = await runStep(store, conversation, TAKE, {
    owner,
    voided,
    voidedLives: voidedLives ? 1 : 0,
    maxAttempts,
    maxTaken: MAX_TAKEN,
    recordVersion: SUPPORTED_RECORD_VERSION,
    checkMs: RUNNING_CHECK_MS,
  });
  if (reply[0] === "EMPTY") return { kind: "empty" };
  if (reply[0] === "NEWER") return { kind: "newer" };
  if (reply[0] === "HELD") return { kind: "held", owner: String(reply[1]) };
  if (reply[0] !== "TAKEN") throw wrongAnswer("take", reply);
  return { kind: "taken", ask: readRecord(store, conversation, reply, owner) };
}

const BEGIN = step("begin.lua", { ask: "text", owner: "text", maxAttempts: "number", checkMs: "number" });

/**
 * Counts an engine call in the ask's record, just before it is made. `attempt` is the call's number; from now on every
 * write of an earlier attempt is stale. One owner begins one call: a repeated call of this function returns the same
 * attempt. `exhausted`: `maxAttempts` calls have failed, or were lost with a worker that died. Calls that were lost in
 * another way do not count, up to {@link MAX_SPARED} of them.
 */
export async function begin(
  store: Store,
  ask: { address: AskAddress },
  owner: string,
  maxAttempts: number,
): Promise<{ kind: "begun"; attempt: number } | { kind: "exhausted" | "cancelled" | "stale" } | Ended> {
  const args = { ask: ask.address.a, owner, maxAttempts, checkMs: RUNNING_CHECK_MS };
  const reply = await runStep(store, ask.address, BEGIN, args);
  if (reply[0] === "BEGUN") return { kind: "begun", attempt: Number(reply[1]) };
  if (reply[0] === "EXHAUSTED") return { kind: "exhausted" };
  return refusal("begin", reply);
}

const APPEND = step(
  "append.lua",
  { ask: "text", attempt: "number", n: "number", owner: "text", resume: "text" },
  { tails: true },
);

/**
 * What `append` stores for a takeover: `resume` states where the next owner continues the attempt after these events.
 * Only the caller knows the format of `resume`.
 */
export interface Resumable {
  readonly owner: string;
  /** Where to continue the attempt; if undefined, the stored value stays. */
  readonly resume?: string | undefined;
}

/**
 * Writes events of an attempt to the log and publishes them, all or none.
 *
 * `at.n`: the number of the first of these events in the attempt; the numbers begin at 1. For attempt 0 it is the index
 * of the file + 1. The write is stale unless the attempt is the stored one and `n` is its next number. `seq`: the seq
 * of the last event. `done`: an earlier call has written the events already. A retry must have the same events and
 * nonce. `resumable`: set if another owner may continue the attempt; the write is then also stale unless
 * `resumable.owner` still has the ask.
 */
export async function append(
  store: Store,
  ask: TakenAsk,
  at: { attempt: number; n: number },
  { events, nonce, resumable }: { events: readonly EventBody[]; nonce: string; resumable?: Resumable | undefined },
): Promise<{ kind: "written"; seq: number } | { kind: "done" | "stale" | "cancelled" } | Ended> {
  const tails = eventTails(store, ask, nonce, events);
  const reply = await runStep(store, ask.address, APPEND, {
    ask: ask.address.a,
    attempt: at.attempt,
    n: at.n,
    owner: resumable?.owner ?? "",
    resume: resumable?.resume ?? "",
    tails,
  });
  if (reply[0] === "WRITTEN") return { kind: "written", seq: Number(reply[1]) };
  if (reply[0] === "DONE") return { kind: "done" };
  return refusal("append", reply);
}

const RELEASE = step("release.lua", { ask: "text", owner: "text", nextState: "text", checkMs: "number" });

type Released<K extends string> = { kind: K | "stale" | "cancelled" } | Ended;

/**
 * Parks an ask until its texts are stored. The caller reads the texts once more afterwards, because one may have been
 * stored in between.
 */
export async function park(store: Store, ask: { address: AskAddress }, owner: string): Promise<Released<"parked">> {
  const args = { ask: ask.address.a, owner, nextState: "parked", checkMs: PARKED_CHECK_MS };
  const reply = await runStep(store, ask.address, RELEASE, args);
  return reply[0] === "RELEASED" ? { kind: "parked" } : refusal("park", reply);
}

/** Hands an ask back at shutdown, so that another worker takes it at once. The caller rings the conversation's bell. */
export async function handBack(
  store: Store,
  ask: { address: AskAddress },
  owner: string,
): Promise<Released<"handed-back">> {
  const args = { ask: ask.address.a, owner, nextState: "queued", checkMs: 0 };
  const reply = await runStep(store, ask.address, RELEASE, args);
  return reply[0] === "RELEASED" ? { kind: "handed-back" } : refusal("hand back", reply);
}

const SPARE = step("spare.lua", { ask: "text", attempt: "number" });

/**
 * Marks an engine call as lost without a failure of the engine, because another worker has taken the ask from a live
 * worker that was stalled or cut off. The call then does not count against `maxAttempts`. A repeated call changes
 * nothing.
 */
export async function spare(store: Store, ask: { address: AskAddress }, attempt: number): Promise<void> {
  const reply = await runStep(store, ask.address, SPARE, { ask: ask.address.a, attempt });
  if (reply[0] !== "SPARED" && reply[0] !== "ENDED") throw wrongAnswer("spare", reply);
}

const CONFIRM = step("confirm.lua", { ask: "text", owner: "text" });

/** Checks whether the caller still owns an ask, in case the hint of a cancel or a takeover was lost. Writes nothing. */
export async function confirm(
  store: Store,
  ask: { address: AskAddress },
  owner: string,
): Promise<{ kind: "ok" | "cancelled" | "stale" } | Ended> {
  const reply = await runStep(store, ask.address, CONFIRM, { ask: ask.address.a, owner });
  return reply[0] === "OK" ? { kind: "ok" } : refusal("confirm", reply);
}

function refusal(step: string, reply: Reply): { kind: "cancelled" | "stale" } | Ended {
  switch (reply[0]) {
    case "CANCELLED":
      return { kind: "cancelled" };
    case "STALE":
      return { kind: "stale" };
    case "ENDED":
      return { kind: "ended", how: String(reply[1]) };
    default:
      throw wrongAnswer(step, reply);
  }
}
