import {
  conversationIds,
  deleteConversation,
  endLinks,
  listConversations,
  publishUserHint,
  renameConversation,
  stopWaiting,
  type ConversationAddress,
  type Store,
} from "@docrelay/channel";
import {
  LIST_LIMIT,
  refuse,
  type ConversationsHint,
  type ListConversations,
  type ListedConversation,
} from "@docrelay/protocol";
import type { OwnFiles } from "../uploads/own-files.ts";

/**
 * Operations on a user's list of conversations. After a change the user's connections get a hint, except `from`: the
 * connection that requested the change.
 */
export interface OwnConversations {
  /** Returns one page of the list, the conversation with the newest question first. */
  list(user: string, page: ListConversations): Promise<{ conversations: ListedConversation[]; more: boolean }>;
  /** Gives a conversation another title. Idempotent. @throws Refusal `NOT_FOUND` */
  rename(user: string, of: { conversation: string; title: string }, from?: string): Promise<void>;
  /**
   * Cancels the conversation's asks and removes everything kept of it, including files that no other conversation uses.
   * Idempotent; a conversation that does not exist is no error.
   */
  remove(user: string, conversation: string, from?: string): Promise<void>;
  /** Removes every conversation of the user, but no files. Idempotent. */
  removeAll(user: string): Promise<void>;
  /**
   * Must be called when the first ask of a conversation was accepted, to send the hint about the new conversation.
   * Returns at once.
   */
  added(user: string, conversation: string, from?: string): void;
}

export interface OwnConversationsDeps {
  readonly store: Store;
  readonly ownFiles: Pick<OwnFiles, "removeOf">;
  onTrouble(error: unknown): void;
}

/** How many conversations `removeAll` removes at the same time. */
const AT_ONCE = 8;

export function createOwnConversations({ store, ownFiles, onTrouble }: OwnConversationsDeps): OwnConversations {
  const tell = (user: string, conversations: ConversationsHint, from?: string): void => {
    publishUserHint(store, user, { conversations, ...(from !== undefined && { from }) }).catch(onTrouble);
  };

  async function removeOne(user: string, conversation: string, from?: string): Promise<ConversationAddress> {
    await endLinks(store, user, conversation);
    const { existed, address, asks } = await deleteConversation(store, user, conversation);
    for (const ask of asks) {
      const texts = ask.body.files.map(({ text }) => text);
      if (texts.length > 0) await stopWaiting(store, address, texts, ask);
    }
    if (existed) tell(user, { conversation, change: "deleted" }, from);
    return address;
  }

  return {
    list: (user, { before, limit = LIST_LIMIT }) => listConversations(store, user, { before, limit }),
    async rename(user, of, from) {
      if ((await renameConversation(store, user, of)) === "unknown") throw refuse("NOT_FOUND");
      tell(user, { conversation: of.conversation, change: "renamed" }, from);
    },
    async remove(user, conversation, from) {
      await ownFiles.removeOf(user, await removeOne(user, conversation, from));
    },
    async removeAll(user) {
      const ids = await conversationIds(store, user);
      for (let at = 0; at < ids.length; at += AT_ONCE) {
        await Promise.all(ids.slice(at, at + AT_ONCE).map((id) => removeOne(user, id)));
      }
    },
    added: (user, conversation, from) => tell(user, { conversation, change: "added" }, from),
  };
}
