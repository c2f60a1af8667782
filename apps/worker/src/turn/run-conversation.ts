import { newOwner, take, workerOf, type TakeFrom } from "@docrelay/channel";
import type { Disposition, Rung } from "../bell/conversation-slots.ts";
import { backoff } from "@docrelay/protocol";
import { isFinal, type Failure } from "../report/failure.ts";
import { retry, sleep } from "../report/retry.ts";
import { runTurn, type TurnDeps } from "./run-turn.ts";
import { STORE_PATIENCE_MS } from "./turn.ts";

export interface ConversationDeps extends TurnDeps {
  /** The name of this worker in its owner tokens. */
  readonly worker: string;
  /** Whether another worker counts as gone, so that its asks may be taken over. */
  isGone(worker: string): Promise<boolean>;
  /**
   * Whether another worker has a connection to Redis. A worker that counts as gone but is connected has not crashed:
   * its process stands still.
   */
  isConnected(worker: string): Promise<boolean>;
  /** Returns a random number from 0 to 1, by which the pauses before retries vary. */
  random(): number;
}

/**
 * If the ask at the head of the mailbox was written by a newer version of docrelay, this worker tries to take it again
 * after this many ms. In the meantime a worker of the newer version can take the ask.
 */
const NEWER_RETRY_MS = 1000;
const AGAIN_MS = 100;
const ENGINE_RETRY_MS = { firstMs: 200, longestMs: 2000 };

/**
 * Handles a conversation's bell: runs its asks in order until the mailbox is empty, the ask at its head parks, another
 * worker runs that ask, or the process stops. Each turn has its own owner token, so that late writes of an earlier turn
 * are refused. `taking` is called just before each take; the take sees every ask that was accepted by then.
 */
export async function runConversation(
  deps: ConversationDeps,
  { conversation, voided }: Rung,
  taking: () => void = () => undefined,
): Promise<Disposition> {
  const { store, settings, stopping } = deps;
  const patience = { forMs: STORE_PATIENCE_MS, signal: stopping };
  let failed: { a: string; failure: Failure } | undefined;
  let gone = voided;
  while (!stopping.aborted) {
    const owner = newOwner(deps.worker);
    // If the last failure was final, the next turn only ends the ask. With `maxAttempts` 0, the take begins no engine
    // call.
    const maxAttempts = isFinal(failed?.failure) ? 0 : settings.attempts;
    const from = { maxAttempts, ...(gone === undefined ? {} : await voiding(deps, gone)) };
    taking();
    const taken = await retry(() => take(store, conversation, owner, from), patience);
    if (taken.kind === "empty") return "done";
    if (taken.kind === "newer") return { laterMs: NEWER_RETRY_MS };
    if (taken.kind === "held") {
      // The worker that holds the ask also takes the next one. If that worker dies, the leader's sweeper rings again.
      const holder = workerOf(taken.owner);
      if (taken.owner === gone || holder === undefined || !(await deps.isGone(holder))) return "done";
      gone = taken.owner;
      continue;
    }
    const { ask } = taken;
    const { a } = ask.address;
    const turn = await runTurn(deps, { ask, owner }, failed?.a === a ? failed.failure : undefined);
    switch (turn.kind) {
      case "next":
        failed = undefined;
        break;
      case "retry":
        failed = { a, failure: turn.failure };
        // After the last allowed call there is no pause, because the next turn only ends the ask.
        if (turn.spent < settings.attempts && !isFinal(turn.failure))
          await sleep(backoff(turn.spent - 1, ENGINE_RETRY_MS, deps.random()), stopping);
        break;
      case "again":
        await sleep(AGAIN_MS, stopping);
        break;
      case "look-again":
        break;
      case "last":
      case "parked":
      case "lost":
        return "done";
      case "handed-back":
        return "hand-back";
    }
  }
  return "hand-back";
}

/**
 * Returns what `take` must know of an earlier owner: its token, and whether its worker still has a connection (stands
 * still) or not (has crashed).
 */
async function voiding(deps: ConversationDeps, voided: string): Promise<TakeFrom> {
  const worker = workerOf(voided);
  const lives =
    worker !== undefined &&
    (await retry(() => deps.isConnected(worker), { forMs: STORE_PATIENCE_MS, signal: deps.stopping }));
  return { voided, voidedLives: lives };
}
