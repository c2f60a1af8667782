import {
  forgetUpload,
  forgetUploads,
  forgetUploadsOf,
  ownUploads,
  type ConversationAddress,
  type ForgetDeps,
} from "@docrelay/channel";
import type { ExtractionDeps } from "./extraction.ts";

/**
 * Removes a user's files. Their texts, bytes and extractions are removed too, as far as no other user needs them.
 * Idempotent.
 */
export interface OwnFiles {
  /**
   * Removes one file; returns whether there was one. If an unfinished ask still needs the file, no new ask can name it,
   * but its text and bytes stay until the conversation of that ask is removed.
   */
  remove(user: string, upload: string): Promise<boolean>;
  /** Removes the user's files that only this conversation uses. */
  removeOf(user: string, conversation: ConversationAddress): Promise<void>;
  removeAll(user: string): Promise<void>;
}

export function forgetDepsOf({ store, blobs, producer }: ExtractionDeps): ForgetDeps {
  return { store, blobs, removeJob: (text) => producer.remove(text) };
}

export function createOwnFiles(of: ExtractionDeps): OwnFiles {
  const { store } = of;
  const deps = forgetDepsOf(of);
  return {
    remove: (user, upload) => forgetUpload(deps, user, upload),
    removeOf: (user, conversation) => forgetUploadsOf(deps, user, conversation),
    removeAll: async (user) => forgetUploads(deps, user, await ownUploads(store, user)),
  };
}
