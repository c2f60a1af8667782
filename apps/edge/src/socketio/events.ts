import { cancel, conversationAddress, newNonce, type Store } from "@docrelay/channel";
import type { Producer } from "@docrelay/jobs";
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
} from "@docrelay/protocol";
import type { AcceptAsk } from "../asks/accept-ask.ts";
import type { Authenticator, Identity } from "../auth/authenticator.ts";
import type { Membership } from "./membership.ts";
import type { EdgeMetrics } from "../report/metrics.ts";
import type { LogReader } from "../conversation/open-queue.ts";
import { openConversation, type OpenDeps } from "../conversation/open-conversation.ts";
import type { Uploads } from "../uploads/uploads.ts";

/** Who is behind a socket and what it hears; `renew` takes a fresh token of the same user. */
export interface Session {
  identity(): Identity;
  readonly membership: Membership;
  readonly reader: LogReader;
  renew(identity: Identity): void;
}

export interface EventDeps extends OpenDeps {
  readonly store: Store;
  readonly producer: Producer;
  readonly acceptAsk: AcceptAsk;
  readonly uploads: Uploads;
  readonly authenticator: Authenticator;
  readonly metrics: EdgeMetrics;
  onTrouble(error: unknown): void;
}

type Handler = (deps: EventDeps, session: Session, payload: unknown) => Promise<object>;

/** Everything a client may send, by name: parse, then do. What a handler answers goes into the acknowledgement. */
export const EVENTS = {
  async "conversation:open"(deps, { identity, membership, reader }, payload) {
    const open = parsePayload(openSchema, payload);
    const { user } = identity();
    const at = conversationAddress(user, open.conversation);
    const why = membership.hears(at) ? "gap" : "reconnect";
    const opened = await membership.during(at, () => openConversation(deps, reader, open));
    if (open.after) deps.metrics.resumed(why, opened.events.length);
    return opened;
  },

  async "conversation:close"(_deps, { identity, membership }, payload) {
    const { conversation } = parsePayload(closeSchema, payload);
    membership.leave(conversationAddress(identity().user, conversation));
    return {};
  },

  async ask(deps, { identity, membership }, payload) {
    const { files = [], ...ask } = parsePayload(askSchema, payload);
    const { user } = identity();
    const begun = performance.now();
    const { seq, duplicate } = await membership.during(conversationAddress(user, ask.conversation), () =>
      deps.acceptAsk({ ...ask, user, files, origin: "socket" }),
    );
    deps.metrics.asked((performance.now() - begun) / 1000);
    return { ask: ask.id, seq, duplicate };
  },

  async "upload:start"(deps, { identity }, payload) {
    return deps.uploads.start(identity().user, parsePayload(uploadStartSchema, payload));
  },

  async "upload:chunk"(deps, { identity }, payload) {
    return deps.uploads.chunk(identity().user, parsePayload(uploadChunkSchema, payload));
  },

  async cancel(deps, { identity }, payload) {
    const { conversation, ask } = parsePayload(cancelSchema, payload);
    await cancelAsk(deps, identity().user, conversation, ask);
    return {};
  },

  async "auth:refresh"(deps, { identity, renew }, payload) {
    const { token } = parsePayload(refreshSchema, payload);
    const fresh = await deps.authenticator.verify(token);
    if (fresh.user !== identity().user) throw refuse("FORBIDDEN", { message: "That token is somebody else's." });
    renew(fresh);
    return { expiresAt: fresh.expiresAt };
  },
} as const satisfies Record<string, Handler>;

export type EventName = keyof typeof EVENTS;

/** Cancels an ask, and rings for whoever comes next. @throws Refusal `NOT_FOUND` */
export async function cancelAsk(
  deps: Pick<EventDeps, "store" | "producer" | "onTrouble">,
  user: string,
  conversation: string,
  ask: string,
): Promise<void> {
  const cancelled = await cancel(deps.store, { user, conversation, id: ask, nonce: newNonce() });
  if (cancelled.kind === "unknown") throw refuse("NOT_FOUND");
  // The flag is set, or the ask has ended: a ring that fails is made up for by the sweeper.
  if ("conversation" in cancelled) await deps.producer.wake(cancelled.conversation).catch(deps.onTrouble);
}
