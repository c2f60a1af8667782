"use client";

import type { FileInput, Relay } from "@docrelay/client";
import { useMemo, useState } from "react";
import { conversationStoreOf, NO_CONVERSATION, type ConversationView } from "./conversation-store.ts";
import { conversationsStoreOf, NO_CONVERSATIONS, type ConversationsView } from "./conversations-store.ts";
import { hubOf, NO_RELAY, type RelayView } from "./relay-hub.ts";
import { useProvided } from "./relay-provider.ts";
import { nothing, useStore, type Store } from "./store.ts";
import { createUploadStore, type ChosenFile } from "./upload-store.ts";

const never = (): (() => void) => nothing;

/** Returns the view of a store that belongs to the provider's relay. If the provider has no relay, returns `none`. */
function useShown<T>(storeOf: (relay: Relay) => Store<T>, none: T): T {
  const relay = useProvided();
  return useStore(relay ? storeOf(relay) : { get: () => none, server: none, subscribe: never });
}

/** Returns the provider's connection and its state. */
export function useRelay(): RelayView {
  return useShown((relay) => hubOf(relay).view, NO_RELAY);
}

/**
 * Returns the conversation with this id. All components that show the conversation share its state, and render at most
 * once a frame. Unmounting cancels nothing: asks continue, and are there when the conversation is shown again. The
 * conversation stays open until `relay.conversation(id).close()`.
 */
export function useConversation(id: string): ConversationView {
  return useShown((relay) => conversationStoreOf(relay, id), NO_CONVERSATION);
}

/**
 * Returns the list of the user's conversations from all tabs and devices; all components that show the list share it.
 */
export function useConversations(): ConversationsView {
  return useShown(conversationsStoreOf, NO_CONVERSATIONS);
}

/** The files that a user has chosen for the next question in one component. */
export interface Uploads {
  readonly files: readonly ChosenFile[];
  /** Adds a file to the list and begins to upload it. Returns undefined if there is no relay. */
  add(file: FileInput): ChosenFile | undefined;
  /** Removes a file from the list. Its upload is stopped, unless an ask needs it. */
  remove(id: string): void;
  /** Removes all files from the list, for example because their question was asked. Uploads continue. */
  clear(): void;
}

/**
 * Uploads files as soon as they are chosen. When the component is unmounted, the list is gone, but uploads continue.
 */
export function useUpload(): Uploads {
  const relay = useProvided();
  const [store] = useState(createUploadStore);
  const files = useStore(store);
  return useMemo(
    () => ({ files, add: (file) => relay && store.add(relay, file), remove: store.remove, clear: store.clear }),
    [files, relay, store],
  );
}
