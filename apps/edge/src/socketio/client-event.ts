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

/** The connection that has sent an event. `renew` replaces its identity after the client has sent a fresh token. */
export interface Session extends UploadListener, UserListener {
  readonly identity: Identity;
  readonly membership: Membership;
  readonly reader: LogReader;
  renew(identity: Identity): void;
}

/**
 * Tells whether a connection may be read. It may not be read while the part of the edge that handles its events, such
 * as the upload queue, has no room.
 */
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

interface EventRules {
  /** Whether the event is also handled after the connection's token has expired. */
  readonly whenExpired?: boolean;
  /** Whether readers through a link may send the event. */
  readonly forReaders?: boolean;
  /** Whether `run` itself limits the rate of the event; then `EVENT_RATE` does not count it. */
  readonly hasOwnRate?: boolean;
  /**
   * Returns the part that handles the event, such as the upload queue. While this part has no room, the connection is
   * not read.
   */
  readonly backpressure?: (deps: EventDeps) => Backpressure;
  /** Whether a refusal of the event counts as a strike against the connection; by default each `BAD_MESSAGE` does. */
  readonly isStrike?: (error: WireError) => boolean;
}

/** One client event. `run` parses the payload, handles the event, and resolves to the fields of its acknowledgement. */
export interface ClientEvent extends EventRules {
  run(deps: EventDeps, session: Session, payload: unknown): Promise<object>;
}

/**
 * Makes a client event from a schema and a `run` that gets the parsed payload. `parsePayload` also checks the depth.
 */
export function clientEvent<S extends z.ZodMiniType>(
  event: EventRules & {
    readonly schema: S;
    run(deps: EventDeps, session: Session, payload: z.infer<S>): Promise<object>;
  },
): ClientEvent {
  const { schema, run, ...rules } = event;
  return { ...rules, run: async (deps, session, payload) => run(deps, session, parsePayload(schema, payload)) };
}
