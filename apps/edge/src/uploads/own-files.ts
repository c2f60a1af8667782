import {
  forgetUpload,
  forgetUploads,
  forgetUploadsOf,
  ownUploads,
  type ConversationAddress,
  type ForgetDeps,
} from "@docrelay/channel";
import type { ExtractionDeps } from "./extraction.ts";

/** Removes a user's files, with what nobody else uses of them: texts, bytes, extractions that wait or run. Idempotent. */
export interface OwnFiles {
  /** Whether there was such a file. What asks that have not ended need of it stays with their conversation. */
  remove(user: string, upload: string): Promise<boolean>;
  /** The files that only this conversation uses. */
  removeOf(user: string, conversation: ConversationAddress): Promise<void>;
  removeAll(user: string): Promise<void>;
}

export function createOwnFiles({ store, blobs, producer }: ExtractionDeps): OwnFiles {
  const deps: ForgetDeps = { store, blobs, removeJob: (text) => producer.remove(text) };
  return {
    remove: (user, upload) => forgetUpload(deps, user, upload),
    removeOf: (user, conversation) => forgetUploadsOf(deps, user, conversation),
    removeAll: async (user) => forgetUploads(deps, user, await ownUploads(store, user)),
  };
}
