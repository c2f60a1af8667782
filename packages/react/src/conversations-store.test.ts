import { RelayError, type ListedConversation, type Relay } from "@docrelay/client";
import { expect, it, vi } from "vitest";
import { conversationsStoreOf } from "./conversations-store.ts";

const lost = new RelayError({ code: "UNREACHABLE", message: "no connection", retryable: true });
const one: ListedConversation = { id: "c", title: "first", at: 1, expiresAt: 2, asks: 1, files: [] };
type Listed = { conversations: ListedConversation[]; more: boolean };

/** A relay whose lists, changes and states the test controls. */
function relayOf() {
  const asked: Array<PromiseWithResolvers<Listed>> = [];
  let become = (_: string): void => undefined;
  let change = (): void => undefined;
  const relay = {
    state: "connecting",
    onState: (listener: (state: string) => void) => (become = listener),
    conversations: {
      list() {
        const next = Promise.withResolvers<Listed>();
        asked.push(next);
        return next.promise;
      },
      onChange: (listener: () => void) => (change = listener),
    },
  };
  const store = conversationsStoreOf(relay as unknown as Relay);
  const stop = store.subscribe(() => undefined);
  return {
    store,
    stop,
    asked,
    change: () => change(),
    become(state: string) {
      relay.state = state;
      become(state);
    },
  };
}

it("a list that could not be read without a connection is read when there is one", async () => {
  const { store, asked, become } = relayOf();
  become("offline");
  asked[0]?.reject(lost);
  await vi.waitFor(() => expect(store.get().error).toBe(lost));
  become("online");
  expect(asked.length).toBe(2);
  asked[1]?.resolve({ conversations: [one], more: false });
  await vi.waitFor(() => expect(store.get()).toMatchObject({ conversations: [one], error: undefined }));
  become("offline");
  become("online");
  // The list has been read, so a reconnect does not make the store read it again: `onChange` reports later changes.
  expect(asked.length).toBe(2);
});

it("a reading that fails after a newer one has begun is no error", async () => {
  const { store, stop, asked, change } = relayOf();
  change();
  asked[1]?.resolve({ conversations: [one], more: false });
  await vi.waitFor(() => expect(store.get().conversations).toEqual([one]));
  asked[0]?.reject(lost);
  await asked[0]?.promise.catch(() => undefined);
  await new Promise(setImmediate);
  stop(); // Without a listener, get() reads the newest view at once, and not in the next frame.
  expect(store.get().error).toBeUndefined();
});
