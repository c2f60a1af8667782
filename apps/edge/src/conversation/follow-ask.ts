import { positionAt, type FanOut, type Store } from "@docrelay/channel";
import { isTerminal, Refusal, refuse, type Event, type EventOf, type Terminal } from "@docrelay/protocol";
import { toFailure } from "../report/failure.ts";
import { followConversation, type FollowTarget } from "./follow-conversation.ts";
import type { OpenConversation } from "./open-conversation.ts";

export interface FollowAskDeps {
  readonly store: Store;
  readonly fanOut: FanOut;
  readonly openConversation: OpenConversation;
  readonly askDeadlineMs: number;
}

export interface FollowAskTarget extends Omit<FollowTarget, "after"> {
  readonly ask: string;
  /** The seq of the ask's event `accepted`, as `accept` returned it. */
  readonly seq: number;
  readonly duplicate: boolean;
}

/** An ask that has no terminal event this long after its deadline counts as lost. */
const OVERDUE_MS = 15_000;

/**
 * Follows one accepted ask from its `accepted` event on, each event once and in order; resolves to its terminal event.
 * @throws Refusal `RESUME_LOST` when the log was rolled back or has dropped the ask, `ASK_EXPIRED` long after the
 * deadline; the reason of `signal`; ioredis errors, before the first event only.
 */
export async function followAsk(
  { store, fanOut, openConversation: open, askDeadlineMs }: FollowAskDeps,
  { ask, seq, duplicate, ...target }: FollowAskTarget,
  onEvent: (event: Event) => void,
  signal: AbortSignal,
): Promise<EventOf<Terminal>> {
  // `after` is the position just before the ask. If the log has no such event, because the ask is the first of the
  // conversation or the oldest that is kept, the log is read from its start.
  const after = seq > 1 ? await positionAt(store, target.user, target.conversation, seq - 1) : undefined;
  const { promise, resolve, reject } = Promise.withResolvers<EventOf<Terminal>>();
  let isFirst = true;
  const handlers = {
    apply(event: Event): void {
      if (isFirst && event.seq > seq) return reject(refuse("RESUME_LOST"));
      isFirst = false;
      if (event.ask !== ask) return;
      onEvent(event);
      if (isTerminal(event)) resolve(event);
    },
    reset: () => reject(refuse("RESUME_LOST")),
    fail: (error: Refusal["wire"]) => reject(new Refusal(error)),
  };
  const abort = (): void => reject(signal.reason as Error);
  const overdue = setTimeout(() => reject(refuse("ASK_EXPIRED", { ask })), askDeadlineMs + OVERDUE_MS);
  overdue.unref();
  signal.addEventListener("abort", abort, { once: true });
  const deps = { fanOut, open, toWire: (error: unknown) => toFailure(error).wire };
  const reader = followConversation(deps, { ...target, after }, handlers);
  try {
    signal.throwIfAborted();
    reader.asked(ask, { seq, duplicate });
    return await promise;
  } finally {
    reader.stop();
    clearTimeout(overdue);
    signal.removeEventListener("abort", abort);
  }
}
