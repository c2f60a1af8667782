import { conversationAddress } from "@docrelay/channel";
import {
  askSchema,
  cancelSchema,
  closeSchema,
  feedbackSchema,
  openSchema,
  refreshSchema,
  refuse,
  uploadChunkSchema,
  uploadStartSchema,
  uploadStatusSchema,
} from "@docrelay/protocol";
import { remainingMs } from "../auth/authenticator.ts";
import { ownerOf } from "../sharing/shares.ts";
import { clientEvent, type ClientEvent } from "./client-event.ts";
import { CONVERSATION_EVENTS } from "./conversation-events.ts";

const EVENTS = new Map<string, ClientEvent>(
  Object.entries({
    "conversation:open": clientEvent({
      schema: openSchema,
      forReaders: true,
      async run({ openConversation, metrics }, { identity, membership, reader }, open) {
        const address = conversationAddress(ownerOf(identity, open.conversation), open.conversation);
        const why = membership.isJoined(address) ? "gap" : "reconnect";
        const opened = await membership.during(address, () => openConversation(reader, open));
        if (open.after) metrics.resumed(why, opened.events.length);
        return opened;
      },
    }),

    "conversation:close": clientEvent({
      schema: closeSchema,
      forReaders: true,
      async run(_deps, { identity, membership }, { conversation }) {
        membership.leave(conversationAddress(ownerOf(identity, conversation), conversation));
        return {};
      },
    }),

    ask: clientEvent({
      schema: askSchema,
      hasOwnRate: true,
      async run({ acceptAsk, metrics, uploadWatch }, session, { files = [], ...ask }) {
        const { user, membership } = session;
        const startedAt = performance.now();
        const { seq, duplicate } = await membership.during(conversationAddress(user, ask.conversation), () =>
          acceptAsk({ ...ask, user, files, origin: "socket", from: session.connection }),
        );
        metrics.asked((performance.now() - startedAt) / 1000);
        // The log reports how each extraction ended. In addition, this connection gets hints about the extractions'
        // progress.
        for (const file of files) if ("upload" in file) uploadWatch.follow(session, file.upload);
        return { ask: ask.id, seq, duplicate };
      },
    }),

    ...CONVERSATION_EVENTS,

    "upload:start": clientEvent({
      schema: uploadStartSchema,
      async run({ uploads, uploadWatch }, session, start) {
        const begun = await uploads.start(session.user, start);
        uploadWatch.name(session, start.upload);
        return begun;
      },
    }),

    "upload:chunk": clientEvent({
      schema: uploadChunkSchema,
      hasOwnRate: true,
      backpressure: ({ uploadQueue }) => uploadQueue,
      // A chunk at a wrong offset is no strike: after a reconnect a client may learn only from the refusal where to
      // continue.
      isStrike: ({ code, reason }) => code === "BAD_MESSAGE" && reason !== "offset",
      run: ({ uploads, uploadWatch }, session, chunk) =>
        uploadWatch.storing(session, chunk.upload, () => uploads.chunk(session.user, chunk)),
    }),

    "upload:status": clientEvent({
      schema: uploadStatusSchema,
      run: ({ uploadWatch }, session, { upload }) => uploadWatch.status(session, upload),
    }),

    cancel: clientEvent({
      schema: cancelSchema,
      async run({ cancelAsk }, { identity }, { conversation, ask }) {
        await cancelAsk(identity.user, conversation, ask);
        return {};
      },
    }),

    feedback: clientEvent({
      schema: feedbackSchema,
      async run({ giveFeedback }, { identity }, feedback) {
        await giveFeedback(identity.user, feedback);
        return {};
      },
    }),

    "auth:refresh": clientEvent({
      schema: refreshSchema,
      whenExpired: true,
      async run({ authenticator }, session, { token }) {
        const fresh = await authenticator.verify(token);
        const { user, tenant } = session.identity;
        if (fresh.user !== user || fresh.tenant !== tenant) {
          throw refuse("FORBIDDEN", { message: "That token is of another user or tenant." });
        }
        session.renew(fresh);
        return { expiresAt: fresh.expiresAt, expiresInMs: remainingMs(fresh.expiresAt, Date.now()) };
      },
    }),
  }),
);

/** Returns the client event of this name; undefined if there is none. `name` is unchecked client input. */
export function eventNamed(name: unknown): ClientEvent | undefined {
  return typeof name === "string" ? EVENTS.get(name) : undefined;
}
