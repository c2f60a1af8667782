import { newOwner, take, type ConversationAddress } from "@docrelay/channel";
import type { Disposition } from "@docrelay/jobs";
import { backoff } from "@docrelay/protocol";
import type { Failure } from "../report/failure.ts";
import { insist, sleep } from "../report/retry.ts";
import { PATIENCE_MS, type TurnDeps } from "./end-ask.ts";
import { runTurn } from "./run-turn.ts";

/** A newer worker's ask stands at the head: this one comes again, in case there is no newer worker any more. */
const NEWER_COMES_AGAIN_MS = 1000;
const AGAIN_MS = 100;
const ENGINE_RETRY_MS = { firstMs: 200, longestMs: 2000 };

/**
 * Answers a conversation's doorbell: runs its asks in order until the mailbox was read empty, its head parks, another
 * worker has it, or the process stops. Each try at an ask has an owner token of its own, so that whatever an earlier
 * try still does is fenced.
 */
export async function runConversation(deps: TurnDeps, at: ConversationAddress): Promise<Disposition> {
  const insistent = { forMs: PATIENCE_MS, signal: deps.stopping };
  let last: { a: string; failure: Failure } | undefined;
  while (!deps.stopping.aborted) {
    const owner = newOwner();
    const taken = await insist(() => take(deps.store, at, owner, deps.settings.attempts), insistent);
    if (taken.kind === "empty") return "done";
    if (taken.kind === "newer") return { laterMs: NEWER_COMES_AGAIN_MS };
    const { a } = taken.ask.address;
    const turn = await runTurn(deps, taken.ask, owner, last?.a === a ? last.failure : undefined);
    switch (turn.kind) {
      case "next":
        last = undefined;
        break;
      case "retry":
        last = { a, failure: turn.failure };
        // After the last call there is nothing to be gentle with: the next look only ends the ask.
        if (turn.attempt < deps.settings.attempts)
          await sleep(backoff(turn.attempt - 1, ENGINE_RETRY_MS, deps.random()), deps.stopping);
        break;
      case "again":
        await sleep(AGAIN_MS, deps.stopping);
        break;
      case "look-again":
        break;
      case "last":
      case "parked":
      case "lost":
        return "done";
      case "given-back":
        return "give-back";
    }
  }
  return "give-back";
}
