import { conversationAddress } from "@docrelay/channel";
import { deleteSchema, listSchema, renameSchema, shareSchema, unshareSchema } from "@docrelay/protocol";
import { clientEvent } from "./client-event.ts";

/** The client events about a user's list of conversations. */
export const CONVERSATION_EVENTS = {
  "conversations:list": clientEvent({
    schema: listSchema,
    run: ({ conversations }, { user }, page) => conversations.list(user, page),
  }),

  "conversation:rename": clientEvent({
    schema: renameSchema,
    async run({ conversations }, { user, connection }, rename) {
      await conversations.rename(user, rename, connection);
      return {};
    },
  }),

  "conversation:share": clientEvent({
    schema: shareSchema,
    run: ({ shares }, { user }, { conversation }) => shares.share(user, conversation),
  }),

  "conversation:unshare": clientEvent({
    schema: unshareSchema,
    async run({ shares }, { user }, { conversation }) {
      await shares.end(user, conversation);
      return {};
    },
  }),

  "conversation:delete": clientEvent({
    schema: deleteSchema,
    async run({ conversations }, { user, connection, membership }, { conversation }) {
      await conversations.remove(user, conversation, connection);
      membership.leave(conversationAddress(user, conversation));
      return {};
    },
  }),
};
