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

/** Returns the view of a store of the provider's relay; `none` where there is no relay. */
function useShown<T>(storeOf: (relay: Relay) => Store<T>, none: T): T {
  const relay = useProvided();
  return useStore(relay ? storeOf(relay) : { get: () => none, server: none, subscribe: never });
}

/** Returns the provider's connection and its state. */
export function useRelay(): RelayView {
  return useShown((relay) => hubOf(relay).view, NO_RELAY);
}

/**
 * Returns a conversation by its id. All components that show the conversation share it, with at most one render a
 * frame. Unmounting cancels nothing: asks continue, and are there when the conversation is shown again. It stays open
 * until `relay.conversation(id).close()`.
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

/** The files chosen for the next question in one component. */
export interface Uploads {
  readonly files: readonly ChosenFile[];
  /** Uploads a file before the question is asked. Returns undefined where there is no relay. */
  add(file: FileInput): ChosenFile | undefined;
  /** Removes a file from the list. Its upload is ended, unless an ask needs it. */
  remove(id: string): void;
  /** Removes all files from the list, because their question was asked: uploads continue. */
  clear(): void;
}

/** Uploads files as soon as they are chosen. Unmounting forgets the list; uploads that have begun continue. */
export function useUpload(): Uploads {
  const relay = useProvided();
  const [store] = useState(createUploadStore);
  const files = useStore(store);
  return useMemo(
    () => ({ files, add: (file) => relay && store.add(relay, file), remove: store.remove, clear: store.clear }),
    [files, relay, store],
  );
}
