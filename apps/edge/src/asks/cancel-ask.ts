import { cancel, newNonce, type Store } from "@docrelay/channel";
import type { Producer } from "@docrelay/jobs";
import { refuse } from "@docrelay/protocol";

export interface CancelDeps {
  readonly store: Store;
  readonly producer: Producer;
  onTrouble(error: unknown): void;
}

/** Cancels an ask and adds its conversation's wake-up job. Idempotent. @throws Refusal `NOT_FOUND`; ioredis errors. */
export type CancelAsk = (user: string, conversation: string, ask: string) => Promise<void>;

export function createCancelAsk({ store, producer, onTrouble }: CancelDeps): CancelAsk {
  return async function cancelAsk(user, conversation, ask) {
    const cancelled = await cancel(store, { user, conversation, id: ask, nonce: newNonce() });
    if (cancelled.kind === "unknown") throw refuse("NOT_FOUND");
    // The ask is already flagged as cancelled, or has ended: a lost wake-up job is added by the sweeper.
    if ("conversation" in cancelled) await producer.wake(cancelled.conversation).catch(onTrouble);
  };
}
