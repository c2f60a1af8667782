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
  let changed: () => void = nothing;
  /** Of the newest reading; 0 before a component has listened. */
  let reading = 0;
  /** The newest reading has failed: what changes later may be nothing. */
  let isUnread = false;

  function show(more: Partial<ConversationsView>): void {
    view = { ...view, ...more };
    changed();
  }
  /** Errors are values. */
  function attempt(what: Promise<unknown>): void {
    what.catch((error: unknown) => show({ error: errorOf(error) }));
  }
  async function read(): Promise<void> {
    const mine = ++reading;
    isUnread = false;
    try {
      const { conversations } = await all.list({ limit: 100 });
      if (mine === reading) show({ conversations, error: undefined });
    } catch (error) {
      if (mine !== reading) return;
      isUnread = true;
      show({ error: errorOf(error) });
    }
  }
  let view: ConversationsView = {
    ...NO_CONVERSATIONS,
    rename: (id, title) => attempt(all.rename(id, title)),
    remove: (id) => attempt(all.delete(id)),
  };
  return createStore({
    frame: hubOf(relay).frame,
    server: NO_CONVERSATIONS,
    read: () => view,
    attach(next) {
      changed = next;
      if (reading > 0) return;
      void read();
      all.onChange(() => void read());
      hubOf(relay).onChange(() => {
        if (isUnread && relay.state === "online") void read();
      });
    },
  });
});
