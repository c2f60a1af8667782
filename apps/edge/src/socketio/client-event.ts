import { parsePayload, type WireError } from "@docrelay/protocol";
import type * as z from "zod/mini";
import type { AcceptAsk } from "../asks/accept-ask.ts";
import type { GiveFeedback } from "../asks/give-feedback.ts";
import type { CancelAsk } from "../asks/cancel-ask.ts";
import type { Authenticator, Identity } from "../auth/authenticator.ts";
import type { OpenConversation } from "../conversation/open-conversation.ts";
import type { LogReader } from "../conversation/open-queue.ts";
import type { OwnConversations } from "../conversation/own-conversations.ts";
import type { UserListener } from "../conversation/user-sockets.ts";
import type { EdgeMetrics } from "../report/metrics.ts";
import type { Shares } from "../sharing/shares.ts";
import type { UploadWatch } from "../uploads/upload-watch.ts";
import type { UploadListener } from "../uploads/watched-uploads.ts";
import type { Uploads } from "../uploads/uploads.ts";
import type { Membership } from "./membership.ts";

/** A connection's user and its joined conversations. `renew` verifies a fresh token of the same user. */
export interface Session extends UploadListener, UserListener {
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
  readonly conversations: OwnConversations;
  readonly shares: Shares;
  readonly acceptAsk: AcceptAsk;
  readonly cancelAsk: CancelAsk;
  readonly giveFeedback: GiveFeedback;
  readonly uploads: Uploads;
  readonly uploadQueue: Backpressure;
  readonly uploadWatch: UploadWatch;
  readonly authenticator: Authenticator;
  readonly metrics: EdgeMetrics;
}

/** The rules for one client event. */
interface EventRules {
  /** Also runs when the session's token has expired. */
  readonly whenExpired?: boolean;
  /** Readers through a link may send it, too. */
  readonly forReaders?: boolean;
  /** The event's own code limits its rate, so that `EVENT_RATE` does not count it. */
  readonly hasOwnRate?: boolean;
  /** While this has no room, a connection that sent the event is not read. */
  readonly backpressure?: (deps: EventDeps) => Backpressure;
  /** Whether a refusal is a strike against the connection. Default: each `BAD_MESSAGE` is. */
  readonly isStrike?: (error: WireError) => boolean;
}

/** One client event: its rules, and `run`, which parses the payload and resolves to the acknowledgement's fields. */
export interface ClientEvent extends EventRules {
  run(deps: EventDeps, session: Session, payload: unknown): Promise<object>;
}

/** Combines a schema with the handler of its parsed payload; the payload's depth is checked by `parsePayload`. */
export function clientEvent<S extends z.ZodMiniType>(
  event: EventRules & {
    readonly schema: S;
    run(deps: EventDeps, session: Session, payload: z.infer<S>): Promise<object>;
  },
): ClientEvent {
  const { schema, run, ...rules } = event;
  return { ...rules, run: async (deps, session, payload) => run(deps, session, parsePayload(schema, payload)) };
}
