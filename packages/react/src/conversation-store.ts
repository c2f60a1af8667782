import { isOver, type RelayError, type Answer, type AskOptions, type Relay, type Turn } from "@docrelay/client";
import { errorOf } from "./error-of.ts";
import { oneFor } from "./one-for.ts";
import { hubOf, type RelayHub } from "./relay-hub.ts";
import { createStore, nothing, type Store } from "./store.ts";

/**
 * The state of a conversation. `loading`: its log was not read yet. `answering`: at least one turn has not ended.
 * `offline`: there is no connection, and asks are sent later. `failed`: the conversation cannot be read.
 */
export type ConversationStatus = "loading" | "idle" | "answering" | "offline" | "failed";

/** A conversation as components show it. Immutable: a change makes another object. Its functions stay the same. */
export interface ConversationView {
  readonly turns: readonly Turn[];
  readonly status: ConversationStatus;
  /**
   * Why `status` is `failed` or `offline`; otherwise the error of the last call of one of this view's functions. The
   * error of an ask is in the ask's turn.
   */
  readonly error?: RelayError | undefined;
  /**
   * Asks a question, after all questions asked before it. Its turn is in `turns` at once, and shows the progress and
   * the outcome.
   * @returns the answer, for code that waits for it; undefined when the question could not be asked, for the reason in
   * `error`.
   */
  ask(message: string, options?: AskOptions): Answer | undefined;
  /** Asks the question of an ended turn once more, with the same files. */
  retry(ask: string, options?: Pick<AskOptions, "passwords" | "signal" | "onProgress">): Answer | undefined;
  /** Cancels an ask at any stage; without an id, all asks that have not ended. */
  cancel(ask?: string): void;
}

export type ConversationStore = Store<ConversationView>;

/** What components show if there is no relay. */
export const NO_CONVERSATION: ConversationView = {
  turns: [],
  status: "loading",
  ask: nothing,
  retry: nothing,
  cancel: nothing,
};

const storesOf = oneFor((_: Relay) => new Map<string, ConversationStore>());

/** Returns the store of a conversation. All components that show the conversation share one store. */
export function conversationStoreOf(relay: Relay, id: string): ConversationStore {
  const store = storesOf(relay).get(id) ?? createConversationStore(hubOf(relay), id);
  storesOf(relay).set(id, store);
  return store;
}

// oxlint-disable-next-line max-lines-per-function -- a table of what the hooks of a conversation read and do
function createConversationStore(hub: RelayHub, id: string): ConversationStore {
  const { relay } = hub;
  // The relay's present object for the conversation. If a closed conversation is opened again, the relay returns
  // another object.
  let conversation = relay.conversation(id);
  let changed: () => void = nothing;
  /**
   * A new object for each reading of the log; undefined while the log is not read. An error is ignored if it belongs to
   * the object of an earlier reading.
   */
  let reading: object | undefined;
  let isReady = false;
  let failure: RelayError | undefined;
  let refusal: RelayError | undefined;

  function fail(error: unknown): void {
    failure = errorOf(error);
    changed();
  }
  function become(ready: boolean): void {
    isReady = ready;
    changed();
  }
  function read(): void {
    if (reading) return;
    const mine = (reading = {});
    conversation = relay.conversation(id);
    isReady = false;
    failure = undefined;
    conversation.onTurns(() => changed());
    conversation.subscribe({
      event: nothing,
      ready: () => become(true),
      reset: () => become(false),
      failed: fail,
      closed() {
        reading = undefined;
        become(false);
      },
    });
    // `ready` may have rejected before `subscribe` has added the listener, so its error is also handled here.
    conversation.ready.catch((error: unknown) => reading === mine && fail(error));
  }
  /** Calls `act`. If it throws, the error becomes the view's `error`. */
  function attempt<T>(act: () => T): T | undefined {
    try {
      refusal = undefined;
      read();
      changed();
      return act();
    } catch (error) {
      return refused(error);
    }
  }
  function refused(error: unknown): undefined {
    refusal = errorOf(error);
    changed();
  }
  function statusOf(turns: readonly Turn[]): ConversationStatus {
    if (failure) return "failed";
    if (relay.state === "offline" || relay.state === "closed") return "offline";
    if (!isReady) return "loading";
    return turns.every(isOver) ? "idle" : "answering";
  }
  const server: ConversationView = {
    ...NO_CONVERSATION,
    ask: (message, options) => attempt(() => conversation.ask(message, options)),
    retry: (ask, options) => attempt(() => conversation.retry(ask, options)),
    cancel(ask) {
      const asks =
        ask === undefined ? conversation.turns.filter((turn) => !isOver(turn)).map((turn) => turn.id) : [ask];
      attempt(() => asks.forEach((one) => void conversation.cancel(one).catch(refused)));
    },
  };
  return createStore({
    frame: hub.frame,
    server,
    read(before) {
      const { turns } = conversation;
      const status = statusOf(turns);
      const error = failure ?? (status === "offline" ? hub.why() : undefined) ?? refusal;
      const isSame = before.turns === turns && before.status === status && before.error === error;
      return isSame ? before : { ...server, turns, status, error };
    },
    attach(next) {
      changed = next;
      hub.onChange(next);
      read();
    },
  });
}
