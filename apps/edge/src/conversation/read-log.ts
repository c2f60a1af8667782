import type { Event, Position } from "@docrelay/protocol";
import type { OpenConversation } from "./open-conversation.ts";

/**
 * Yields the kept events of a conversation, page by page; with a position, those after it. @throws Refusal
 * `RESUME_LOST`
 */
export async function* readLog(
  open: OpenConversation,
  { user, signal }: { readonly user: string; readonly signal: AbortSignal },
  conversation: string,
  from?: Position,
): AsyncGenerator<Event, void, void> {
  const reader = {
    user,
    get gone() {
      return signal.aborted;
    },
    whenRoom: (callback: () => void): void => callback(),
  };
  let after = from;
  while (true) {
    signal.throwIfAborted();
    const { events, more } = await open(reader, { conversation, ...(after && { after }) });
    yield* events;
    const last = events.at(-1);
    if (!more || !last) return;
    after = { seq: last.seq, nonce: last.nonce };
  }
}
