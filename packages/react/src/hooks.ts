"use client";

import type { FileInput } from "@docrelay/client";
import { useMemo, useState } from "react";
import { conversationStoreOf, noConversation, type ConversationView } from "./conversation-store.ts";
import { hubOf, noView, type RelayView } from "./relay-hub.ts";
import { useProvided } from "./relay-provider.ts";
import { useStore } from "./store.ts";
import { createUploadStore, type ChosenFile } from "./upload-store.ts";

/** The connection of the provider, and its state. */
export function useRelay(): RelayView {
  const relay = useProvided();
  return useStore(relay ? hubOf(relay).view : noView);
}

/**
 * A conversation by its id, shared by all components that show it; at most one render a frame. Unmounting cancels nothing:
 * asks go on, and are there when it is shown again. It stays open until `relay.conversation(id).close()`.
 */
export function useConversation(id: string): ConversationView {
  const relay = useProvided();
  return useStore(relay ? conversationStoreOf(relay, id) : noConversation);
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
