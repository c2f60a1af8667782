import {
  deleteConversation,
  listConversations,
  publishUserHint,
  renameConversation,
  stopWaiting,
  type Store,
} from "@docrelay/channel";
import {
  LIST_LIMIT,
  refuse,
  type ConversationsHint,
  type ListConversations,
  type ListedConversation,
} from "@docrelay/protocol";

/** A user's conversations as a whole. `from`: the connection that does it; the user's others are told. */
export interface OwnConversations {
  /** A page, those with the newest question first. */
  list(user: string, page: ListConversations): Promise<{ conversations: ListedConversation[]; more: boolean }>;
  /** Idempotent. @throws Refusal `NOT_FOUND` */
  rename(user: string, of: { conversation: string; title: string }, from?: string): Promise<void>;
  /** Cancels its asks and removes all that is kept of it. Idempotent: also when there is none. */
  remove(user: string, conversation: string, from?: string): Promise<void>;
  /** The first ask of a conversation was accepted. Waits for nothing. */
  added(user: string, conversation: string, from?: string): void;
}

export interface OwnConversationsDeps {
  readonly store: Store;
  onTrouble(error: unknown): void;
}

export function createOwnConversations({ store, onTrouble }: OwnConversationsDeps): OwnConversations {
  const tell = (user: string, conversations: ConversationsHint, from?: string): void => {
    publishUserHint(store, user, { conversations, ...(from !== undefined && { from }) }).catch(onTrouble);
  };

  return {
    list: (user, { before, limit = LIST_LIMIT }) => listConversations(store, user, { before, limit }),
    async rename(user, of, from) {
      if ((await renameConversation(store, user, of)) === "unknown") throw refuse("NOT_FOUND");
      tell(user, { conversation: of.conversation, change: "renamed" }, from);
    },
    async remove(user, conversation, from) {
      const { existed, address, files } = await deleteConversation(store, user, conversation);
      if (files.length > 0) {
        const texts = files.map(({ text }) => text);
        await stopWaiting(store, address, texts);
      }
      if (existed) tell(user, { conversation, change: "deleted" }, from);
    },
    added: (user, conversation, from) => tell(user, { conversation, change: "added" }, from),
  };
}
