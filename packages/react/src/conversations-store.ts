import type { ListedConversation, Relay, RelayError } from "@docrelay/client";
import { errorOf } from "./error-of.ts";
import { oneFor } from "./one-for.ts";
import { hubOf } from "./relay-hub.ts";
import { createStore, nothing, type Store } from "./store.ts";

/** The list of the user's conversations as components show it. Immutable; its functions stay the same. */
export interface ConversationsView {
  /**
   * The 100 conversations with the newest questions, newest first; undefined until the list was read.
   * `relay.conversations.list` returns older ones.
   */
  readonly conversations?: readonly ListedConversation[] | undefined;
  /** Why the list could not be read; otherwise the error of the last call of one of this view's functions. */
  readonly error?: RelayError | undefined;
  /** Changes the title of a conversation: 1 to 200 characters. */
  rename(conversation: string, title: string): void;
  /** Cancels the asks of a conversation and removes everything that is kept of it. */
  remove(conversation: string): void;
}

/** What components show if there is no relay. */
export const NO_CONVERSATIONS: ConversationsView = {
  rename: nothing,
  remove: nothing,
};

/**
 * Returns the list of conversations of a relay. The list is read when a component first shows it, and again after each
 * change, whichever client made it.
 */
export const conversationsStoreOf = oneFor((relay: Relay): Store<ConversationsView> => {
  const { conversations: all } = relay;
  const hub = hubOf(relay);
  let changed: () => void = nothing;
  /** How many readings of the list were begun. The result of a reading that is not the last one is dropped. */
  let reading = 0;

  function show(more: Partial<ConversationsView>): void {
    view = { ...view, ...more };
    changed();
  }
  /** Makes an error the view's `error`. */
  function fail(error: unknown): void {
    show({ error: errorOf(error) });
  }
  function read(): void {
    const mine = ++reading;
    all.list({ limit: 100 }).then(
      ({ conversations }) => {
        if (mine === reading) show({ conversations, error: undefined });
      },
      (error: unknown) => {
        if (mine === reading) fail(error);
      },
    );
  }
  let view: ConversationsView = {
    rename: (id, title) => void all.rename(id, title).catch(fail),
    remove: (id) => void all.delete(id).catch(fail),
  };
  return createStore({
    frame: hub.frame,
    server: NO_CONVERSATIONS,
    read: () => view,
    attach(next) {
      changed = next;
      if (reading > 0) return;
      read();
      all.onChange(read);
      // After an error, the list is also read again when the connection's state changes. Otherwise it would be read
      // again only after a change of the list, which may never come.
      hub.onChange(() => {
        if (view.error) read();
      });
    },
  });
});
