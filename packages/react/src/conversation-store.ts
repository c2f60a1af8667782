import { isOver, type RelayError, type Answer, type AskOptions, type Relay, type Turn } from "@docrelay/client";
import { errorOf } from "./error-of.ts";
import { oneFor } from "./one-for.ts";
import { hubOf, type RelayHub } from "./relay-hub.ts";
import { createStore, nothing, type Store } from "./store.ts";

/**
 * The state of a conversation. `loading`: the log was not read yet. `answering`: a turn has not ended. `offline`: there
 * is no connection; asks are sent later. `failed`: the conversation cannot be read.
 */
export type ConversationStatus = "loading" | "idle" | "answering" | "offline" | "failed";

/** A conversation as components show it. Immutable: a change creates another object. The functions stay the same. */
export interface ConversationView {
  readonly turns: readonly Turn[];
  readonly status: ConversationStatus;
  /**
   * The reason for `failed` or `offline`; else the error of the last call of a function below. Turns have their own
   * errors.
   */
  readonly error?: RelayError | undefined;
  /**
   * Asks a question, after all questions asked before it. Its turn is in `turns` at once, and shows the progress and
   * the outcome.
   * @returns the answer, for code that waits for it; undefined when the question cannot be asked at all, see `error`.
   */
  ask(message: string, options?: AskOptions): Answer | undefined;
  /** Asks the question of an ended turn once more, with the same files. */
  retry(ask: string, options?: Pick<AskOptions, "passwords" | "signal" | "onProgress">): Answer | undefined;
  /** Ends an ask at any stage; without an id, all asks that have not ended. */
  cancel(ask?: string): void;
}

export type ConversationStore = Store<ConversationView>;

/** The view of components that have no relay. */
export const NO_CONVERSATION: ConversationView = {
  turns: [],
  status: "loading",
  ask: nothing,
  retry: nothing,
  cancel: nothing,
};

const storesOf = oneFor((_: Relay) => new Map<string, ConversationStore>());

/** Returns the store of a relay's conversation; all components that show the conversation share it. */
export function conversationStoreOf(relay: Relay, id: string): ConversationStore {
  const store = storesOf(relay).get(id) ?? createConversationStore(hubOf(relay), id);
  storesOf(relay).set(id, store);
  return store;
}

// oxlint-disable-next-line max-lines-per-function -- a table of what the hooks of a conversation read and do
function createConversationStore(hub: RelayHub, id: string): ConversationStore {
  const { relay } = hub;
  // A closed conversation that is opened again is another object.
  let conversation = relay.conversation(id);
  let changed: () => void = nothing;
  /** Identifies the current reading of the log, because a closed conversation can be opened again. */
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
    // `ready` may have failed before a listener was added.
    conversation.ready.catch((error: unknown) => reading === mine && fail(error));
  }
  /** Runs `act`; an error becomes the view's `error`. */
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
