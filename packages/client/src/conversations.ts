import type { Link } from "./link/link.ts";
import { tellAll } from "./tell-all.ts";
import type { ConversationsHint, ListedConversation, Shared } from "./wire/contract.ts";

/** A page of the list: those with the newest question first. `more`: ask again with `before` the last one's id. */
export interface ConversationsPage {
  readonly conversations: readonly ListedConversation[];
  readonly more: boolean;
}

/** The user's conversations as a whole, of all tabs and devices. Servers whose `welcome.features` do not have `conversations` refuse. */
export interface Conversations {
  /** `limit`: 50 by default, at most 100. @throws RelayError */
  list(page?: { readonly before?: string | number; readonly limit?: number }): Promise<ConversationsPage>;
  /** Gives it another title, of 1 to 200 characters. @throws RelayError `NOT_FOUND` when it is not kept */
  rename(conversation: string, title: string): Promise<void>;
  /** Cancels its asks and removes all that is kept of it. Idempotent. @throws RelayError */
  delete(conversation: string): Promise<void>;
  /**
   * Makes a link through which anybody may read the conversation until it ends: connect with its token, and open the
   * conversation. @throws RelayError `FORBIDDEN` where the server has no links (`SHARE_TTL_MS`), `NOT_FOUND`
   */
  share(conversation: string): Promise<Shared>;
  /** Ends all links to the conversation at once. Idempotent. @throws RelayError */
  unshare(conversation: string): Promise<void>;
  /**
   * Calls the listener when the list may have changed: here, on another connection of the user, or while this one was away
   * (`undefined`: anything may have). Returns how to stop.
   */
  onChange(listener: (change: ConversationsHint | undefined) => void): () => void;
}

export interface LiveConversations extends Conversations {
  hear(hint?: ConversationsHint): void;
}

export function createConversations(link: Link): LiveConversations {
  const listeners = new Set<(change: ConversationsHint | undefined) => void>();
  const hear = (hint?: ConversationsHint): void => tellAll(listeners, (listener) => listener(hint));
  return {
    hear,
    async list(page = {}) {
      const { conversations, more } = await link.call("conversations:list", page);
      return { conversations, more };
    },
    async rename(conversation, title) {
      await link.call("conversation:rename", { conversation, title });
      hear({ conversation, change: "renamed" });
    },
    async delete(conversation) {
      await link.call("conversation:delete", { conversation });
      hear({ conversation, change: "deleted" });
    },
    async share(conversation) {
      const { token, expiresAt, expiresInMs } = await link.call("conversation:share", { conversation });
      return { token, expiresAt, expiresInMs };
    },
    async unshare(conversation) {
      await link.call("conversation:unshare", { conversation });
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
