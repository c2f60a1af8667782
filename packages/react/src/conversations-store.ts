import type { ListedConversation, Relay, RelayError } from "@docrelay/client";
import { errorOf } from "./error-of.ts";
import { oneFor } from "./one-for.ts";
import { hubOf } from "./relay-hub.ts";
import { createStore, nothing, type Store } from "./store.ts";

/** The user's conversations as components show them. Immutable; the functions stay the same. */
export interface ConversationsView {
  /** The 100 with the newest questions, newest first; undefined until the list was read once. Older ones: `relay.conversations.list`. */
  readonly conversations?: readonly ListedConversation[] | undefined;
  /** Why the list could not be read, or what the last call of a function below failed with. */
  readonly error?: RelayError | undefined;
  /** Gives one another title, of 1 to 200 characters. */
  rename(conversation: string, title: string): void;
  /** Cancels its asks and removes all that is kept of it. */
  remove(conversation: string): void;
}

/** What components show that have no relay. */
export const NO_CONVERSATIONS: ConversationsView = {
  rename: nothing,
  remove: nothing,
};

/** The one list of a relay: read when a component shows it first, and again after each change, by whomever. */
export const conversationsStoreOf = oneFor((relay: Relay): Store<ConversationsView> => {
  const { conversations: all } = relay;
  const hub = hubOf(relay);
  let changed: () => void = nothing;
  /** Of the newest reading; 0 before a component has listened. */
  let reading = 0;

  function show(more: Partial<ConversationsView>): void {
    view = { ...view, ...more };
    changed();
  }
  /** Errors are values. */
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
      // After a reading that failed, what changes later may be nothing.
      hub.onChange(() => {
        if (view.error) read();
      });
    },
  });
});
