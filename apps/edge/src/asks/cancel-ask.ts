import { cancel, newNonce, type Bell, type Store } from "@docrelay/channel";
import { refuse } from "@docrelay/protocol";

export interface CancelDeps {
  readonly store: Store;
  readonly bell: Bell;
  onTrouble(error: unknown): void;
}

/** Cancels an ask and rings its conversation's bell. Idempotent. @throws Refusal `NOT_FOUND`; ioredis errors. */
export type CancelAsk = (user: string, conversation: string, ask: string) => Promise<void>;

export function createCancelAsk({ store, bell, onTrouble }: CancelDeps): CancelAsk {
  return async function cancelAsk(user, conversation, ask) {
    const cancelled = await cancel(store, { user, conversation, id: ask, nonce: newNonce() });
    if (cancelled.kind === "unknown") throw refuse("NOT_FOUND");
    // `conversation` is set if a worker has something to do: end the running ask, or take the next one. If this bell is
    // lost, the sweeper rings another one.
    if ("conversation" in cancelled) await bell.ring({ conversation: cancelled.conversation }).catch(onTrouble);
  };
}
