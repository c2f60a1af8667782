import {
  accountAddress,
  endExtraction,
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

export function forgetDepsOf(deps: ExtractionDeps): ForgetDeps {
  const { store, blobs } = deps;
  return { store, blobs, endJob: (text, user) => endJob(deps, text, user) };
}

/**
 * Ends the extraction of a text that no user has any more. The extraction counts for the user and the network that its
 * job names; `user`, who has removed the file, may be another one or come from another network now. The lists of waiting
 * extractions change first: if this process dies before the job is removed, a worker gets the job, finds that its text
 * is forgotten, and ends it.
 */
async function endJob({ store, producer, networks }: ExtractionDeps, text: string, user: string): Promise<void> {
  const job = await producer.find(text);
  const name = networks?.of(user);
  const network = name === undefined ? undefined : accountAddress({ kind: "network", name });
  const accounts = [job, job?.network, network].filter((account) => account !== undefined);
  await Promise.all(accounts.map((account) => endExtraction(store, account, text)));
  await producer.remove(text);
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
