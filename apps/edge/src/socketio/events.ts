import { conversationAddress } from "@docrelay/channel";
import {
  askSchema,
  cancelSchema,
  closeSchema,
  openSchema,
  parsePayload,
  refreshSchema,
  refuse,
  uploadChunkSchema,
  uploadStartSchema,
  uploadStatusSchema,
  type WireError,
} from "@docrelay/protocol";
import type * as z from "zod/mini";
import type { AcceptAsk } from "../asks/accept-ask.ts";
import type { CancelAsk } from "../asks/cancel-ask.ts";
import { remainingMs, type Authenticator, type Identity } from "../auth/authenticator.ts";
import type { OpenConversation } from "../conversation/open-conversation.ts";
import type { LogReader } from "../conversation/open-queue.ts";
import type { EdgeMetrics } from "../report/metrics.ts";
import type { UploadListener, UploadWatch } from "../uploads/upload-watch.ts";
import type { Uploads } from "../uploads/uploads.ts";
import type { Membership } from "./membership.ts";

/** The user of a socket and its joined conversations; `renew` verifies a fresh token of the same user. */
export interface Session extends UploadListener {
  readonly identity: Identity;
  readonly membership: Membership;
  readonly reader: LogReader;
  renew(identity: Identity): void;
}

/** Decides when a connection may be read again. */
export interface Backpressure {
  readonly hasRoom: boolean;
  whenRoom(callback: () => void): void;
}

export interface EventDeps {
  readonly openConversation: OpenConversation;
  readonly acceptAsk: AcceptAsk;
  readonly cancelAsk: CancelAsk;
  readonly uploads: Uploads;
  readonly uploadQueue: Backpressure;
  readonly uploadWatch: UploadWatch;
  readonly authenticator: Authenticator;
  readonly metrics: EdgeMetrics;
}

/** The rules of one client event. */
interface EventRules {
  /** Also runs when the session's token has expired. */
  readonly whenExpired?: boolean;
  /** While it has no room, a connection that sent this event is not read. */
  readonly backpressure?: (deps: EventDeps) => Backpressure;
  /** Whether a refusal is a strike against the connection. Default: each `BAD_MESSAGE` is. */
  readonly isStrike?: (error: WireError) => boolean;
}

/** One client event: its rules, and `run`, which parses the payload and resolves to the acknowledgement's fields. */
export interface ClientEvent extends EventRules {
  run(deps: EventDeps, session: Session, payload: unknown): Promise<object>;
}

/** Combines a schema with the handler of its parsed payload; the payload's depth is checked by `parsePayload`. */
function clientEvent<S extends z.ZodMiniType>(
  event: EventRules & {
    readonly schema: S;
    run(deps: EventDeps, session: Session, payload: z.infer<S>): Promise<object>;
  },
): ClientEvent {
  const { schema, run, ...rules } = event;
  return { ...rules, run: async (deps, session, payload) => run(deps, session, parsePayload(schema, payload)) };
}

const EVENTS = new Map<string, ClientEvent>(
  Object.entries({
    "conversation:open": clientEvent({
      schema: openSchema,
      async run({ openConversation, metrics }, { identity, membership, reader }, open) {
        const address = conversationAddress(identity.user, open.conversation);
        const why = membership.isJoined(address) ? "gap" : "reconnect";
        const opened = await membership.during(address, () => openConversation(reader, open));
        if (open.after) metrics.resumed(why, opened.events.length);
        return opened;
      },
    }),

    "conversation:close": clientEvent({
      schema: closeSchema,
      async run(_deps, { identity, membership }, { conversation }) {
        membership.leave(conversationAddress(identity.user, conversation));
        return {};
      },
    }),

    ask: clientEvent({
      schema: askSchema,
      async run({ acceptAsk, metrics, uploadWatch }, session, { files = [], ...ask }) {
        const { user, membership } = session;
        const startedAt = performance.now();
        const { seq, duplicate } = await membership.during(conversationAddress(user, ask.conversation), () =>
          acceptAsk({ ...ask, user, files, origin: "socket" }),
        );
        metrics.asked((performance.now() - startedAt) / 1000);
        // Not awaited: hints are beside the ask, whose own events say how its files end.
        for (const file of files) if ("upload" in file) uploadWatch.status(session, file.upload).catch(() => undefined);
        return { ask: ask.id, seq, duplicate };
      },
    }),

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
      backpressure: ({ uploadQueue }) => uploadQueue,
      // A refused offset is no strike: after a reconnect it gives the client the offset at which to continue.
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

    "auth:refresh": clientEvent({
      schema: refreshSchema,
      whenExpired: true,
      async run({ authenticator }, session, { token }) {
        const fresh = await authenticator.verify(token);
        if (fresh.user !== session.identity.user) {
          throw refuse("FORBIDDEN", { message: "That token is of another user." });
        }
        session.renew(fresh);
        return { expiresAt: fresh.expiresAt, expiresInMs: remainingMs(fresh.expiresAt, Date.now()) };
      },
    }),
  }),
);

/** The event that a client named; undefined if there is none. */
export function eventNamed(name: unknown): ClientEvent | undefined {
  return typeof name === "string" ? EVENTS.get(name) : undefined;
}
