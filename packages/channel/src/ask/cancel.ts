import { askAddress, type AskAddress, type ConversationAddress } from "../redis/address.ts";
import { CANCEL_CHANNEL } from "../redis/keys.ts";
import { wrongAnswer, type Store } from "../redis/store.ts";
import { eventTail, runStep, step } from "./conversation-script.ts";

const CANCEL = step(
  "cancel.lua",
  { ask: "text", tail: "text", hint: "text", hintChannel: "text" },
  { isConfirmed: true },
);

export type Cancelled =
  /** The user has no such ask in this conversation. */
  | { kind: "unknown" }
  /** The ask had ended before: there is nothing to cancel. */
  | { kind: "ended" }
  /** The ask was waiting and has ended now. The conversation may have a next ask, so ring the conversation's bell. */
  | { kind: "cancelled"; conversation: ConversationAddress }
  /**
   * A worker runs the ask, or ran it before. The ask is flagged: the worker that runs it, or the next one that takes
   * it, ends it as cancelled. Ring the conversation's bell.
   */
  | { kind: "flagged"; conversation: ConversationAddress };

/**
 * Cancels an ask, waiting or running. Idempotent. The ask's terminal event states how the ask ended: it may complete
 * before a worker sees the cancel.
 */
export async function cancel(
  store: Store,
  { user, conversation, id, nonce }: { user: string; conversation: string; id: string; nonce: string },
): Promise<Cancelled> {
  return cancelAt(store, askAddress(user, conversation, id), { conversation, id, nonce });
}

/** Does the same as {@link cancel}, for callers that know the ask's address but not the user's name. */
export async function cancelAt(
  store: Store,
  at: AskAddress,
  { conversation, id, nonce }: { conversation: string; id: string; nonce: string },
): Promise<Cancelled> {
  const reply = await runStep(store, at, CANCEL, {
    ask: at.a,
    tail: eventTail(store, { address: at, conversation, id }, nonce, { type: "cancelled", text: "" }),
    hint: `${at.u}/${at.a}`,
    hintChannel: CANCEL_CHANNEL,
  });
  switch (reply[0]) {
    case "UNKNOWN":
      return { kind: "unknown" };
    case "ENDED":
      return { kind: "ended" };
    case "CANCELLED":
      return { kind: "cancelled", conversation: at };
    case "FLAGGED":
      return { kind: "flagged", conversation: at };
    default:
      throw wrongAnswer("cancel", reply);
  }
}

/**
 * Parses a message of {@link CANCEL_CHANNEL}: the hashes of the user and of the ask. Returns undefined for any other
 * message.
 */
export function parseCancelled(message: string): { u: string; a: string } | undefined {
  const [u, a] = message.split("/");
  return u && a ? { u, a } : undefined;
}
