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

/** What a store of the provider's relay shows; `none` where there is no relay. */
function useShown<T>(storeOf: (relay: Relay) => Store<T>, none: T): T {
  const relay = useProvided();
  return useStore(relay ? storeOf(relay) : { get: () => none, server: none, subscribe: never });
}

/** The connection of the provider, and its state. */
export function useRelay(): RelayView {
  return useShown((relay) => hubOf(relay).view, NO_RELAY);
}

/**
 * A conversation by its id, shared by all components that show it; at most one render a frame. Unmounting cancels nothing:
 * asks go on, and are there when it is shown again. It stays open until `relay.conversation(id).close()`.
 */
export function useConversation(id: string): ConversationView {
  return useShown((relay) => conversationStoreOf(relay, id), NO_CONVERSATION);
}

/** The list of the user's conversations, of all tabs and devices, shared by all components that show it. */
export function useConversations(): ConversationsView {
  return useShown(conversationsStoreOf, NO_CONVERSATIONS);
}

/** Files chosen for the next question, of one component. */
export interface Uploads {
  readonly files: readonly ChosenFile[];
  /** Uploads a file ahead of the question. Undefined where there is no relay. */
  add(file: FileInput): ChosenFile | undefined;
  /** Takes a file off the list. Its upload ends, unless an ask needs it. */
  remove(id: string): void;
  /** Takes all files off the list, because their question is asked: uploads go on. */
  clear(): void;
}

/** Uploads files as soon as they are chosen. Unmounting forgets the list; uploads that were begun go on. */
export function useUpload(): Uploads {
  const relay = useProvided();
  const [store] = useState(createUploadStore);
  const files = useStore(store);
  return useMemo(
    () => ({ files, add: (file) => relay && store.add(relay, file), remove: store.remove, clear: store.clear }),
    [files, relay, store],
  );
}
