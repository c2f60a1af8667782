import type { Link } from "./link/link.ts";
import { tellAll } from "./tell-all.ts";
import type { ConversationsHint, ListedConversation, Shared } from "./wire/contract.ts";

/**
 * A page of the list, the conversation with the newest question first. `more`: there is another page; pass the last
 * one's id as `before`.
 */
export interface ConversationsPage {
  readonly conversations: readonly ListedConversation[];
  readonly more: boolean;
}

/**
 * The list of the user's conversations from all tabs and devices. Servers whose `welcome.features` lack `conversations`
 * refuse these calls.
 */
export interface Conversations {
  /** Returns a page of the list. `limit`: default 50, at most 100. @throws RelayError */
  list(page?: { readonly before?: string | number; readonly limit?: number }): Promise<ConversationsPage>;
  /**
   * Changes the conversation's title: 1 to 200 characters. @throws RelayError `NOT_FOUND` when the conversation is not
   * kept
   */
  rename(conversation: string, title: string): Promise<void>;
  /** Cancels the conversation's asks and removes everything kept of it. Idempotent. @throws RelayError */
  delete(conversation: string): Promise<void>;
  /**
   * Creates a link through which anybody may read the conversation until the link ends. To read it, connect with the
   * link's token and open the conversation. @throws RelayError `FORBIDDEN` where the server has no links
   * (`SHARE_TTL_MS`), `NOT_FOUND`
   */
  share(conversation: string): Promise<Shared>;
  /** Ends all links to the conversation at once. Idempotent. @throws RelayError */
  unshare(conversation: string): Promise<void>;
  /**
   * Calls the listener when the list may have changed: on this connection, on another connection of the user, or while
   * this client was offline (`undefined`: everything may have changed). Returns a function that stops it.
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
