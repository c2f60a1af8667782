import type { Link } from "./link/link.ts";
import { tellAll } from "./tell-all.ts";
import type { ConversationsHint, ListedConversation, Shared } from "./wire/contract.ts";

/**
 * A page of the list, beginning with the conversation that has the newest question. `more`: whether there is another
 * page; to get it, pass the id of this page's last conversation as `before`.
 */
export interface ConversationsPage {
  readonly conversations: readonly ListedConversation[];
  readonly more: boolean;
}

/**
 * The list of the user's conversations, from all tabs and devices. Servers whose `welcome.features` lack
 * `conversations` refuse these calls.
 */
export interface Conversations {
  /**
   * Returns a page of the list. `limit`: how many conversations the page has at most; 50 by default, and not more than
   * 100. @throws RelayError
   */
  list(page?: { readonly before?: string | number; readonly limit?: number }): Promise<ConversationsPage>;
  /**
   * Changes the title of a conversation: 1 to 200 characters. @throws RelayError `NOT_FOUND` when the conversation is
   * not kept
   */
  rename(conversation: string, title: string): Promise<void>;
  /** Cancels the asks of a conversation and removes everything that is kept of it. Idempotent. @throws RelayError */
  delete(conversation: string): Promise<void>;
  /**
   * Makes a link through which anybody may read the conversation until the link ends. A reader connects with the link's
   * token and opens the conversation. @throws RelayError `NOT_FOUND`; `FORBIDDEN` if the server has links switched off
   * (`SHARE_TTL_MS`)
   */
  share(conversation: string): Promise<Shared>;
  /** Ends all links to the conversation at once. Idempotent. @throws RelayError */
  unshare(conversation: string): Promise<void>;
  /**
   * Calls the listener when any client of the user may have changed the list. After this client was offline, the
   * listener is called with `undefined`, because anything may have changed. Returns a function that removes the
   * listener.
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
