import {
  accountAddress,
  endExtraction,
  forgetHidden,
  forgetUpload,
  forgetUploads,
  forgetUploadsOf,
  lastTextUser,
  ownUploads,
  queueExtraction,
  textState,
  type ConversationAddress,
  type ForgetDeps,
} from "@docrelay/channel";
import type { ExtractJob } from "@docrelay/jobs";
import type { ExtractionDeps } from "./extraction.ts";

/**
 * Removes a user's files. Their texts, bytes and extractions are removed too, as far as no other user needs them.
 * Idempotent.
 */
export interface OwnFiles {
  /**
   * Removes one file; returns whether there was one. If an unfinished ask still needs the file, no new ask can name it,
   * but its text and bytes stay until that ask has ended.
   */
  remove(user: string, upload: string): Promise<boolean>;
  /** Removes the user's files that only this conversation uses. */
  removeOf(user: string, conversation: ConversationAddress): Promise<void>;
  removeAll(user: string): Promise<void>;
}

export interface OwnFilesDeps extends ExtractionDeps {
  onTrouble(error: unknown): void;
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
async function endJob(deps: ExtractionDeps, text: string, user: string): Promise<void> {
  const { store, producer, networks } = deps;
  const job = await producer.find(text);
  const name = networks?.of(user);
  const network = name === undefined ? undefined : accountAddress({ kind: "network", name });
  const accounts = [job, job?.network, network].filter((account) => account !== undefined);
  await Promise.all(accounts.map((account) => endExtraction(store, account, text)));
  if (job === undefined) return;
  await producer.remove(text);
  await queueForOthers(deps, job);
}

/**
 * Queues a removed extraction again for a user who has sent the same file since its text was forgotten. The queue has
 * ignored that user's job if it came before the old one was removed.
 */
async function queueForOthers({ store, producer }: ExtractionDeps, job: ExtractJob): Promise<void> {
  const { key, network } = job;
  const other = await lastTextUser(store, key);
  if (!other || (await textState(store, [key]))[0] !== "missing") return;
  const accounts = [other, ...(network ? [network] : [])];
  const waiting = await Promise.all(accounts.map((account) => queueExtraction(store, account, key)));
  await producer.extract({ ...job, ...other }, Math.max(...waiting));
}

/** After how many ms the edge looks at first whether the asks that need a removed file have ended; then ever later. */
const FIRST_LOOK_MS = 500;
const MAX_LOOK_MS = 10_000;

export function createOwnFiles(of: OwnFilesDeps): OwnFiles {
  const { store, onTrouble } = of;
  const deps = forgetDepsOf(of);
  /**
   * Users with removed files that unfinished asks need, and how many such files each has removed since the edge began to
   * look. If this edge ends before these asks, the files stay hidden until they are removed again, their conversation is
   * removed, or they expire.
   */
  const waiting = new Map<string, number>();
  const look = async (user: string): Promise<"again" | "done"> => {
    const before = waiting.get(user);
    const isLeft = await forgetHidden(deps, user).catch((error: unknown) => {
      onTrouble(error);
      return true;
    });
    // `forgetHidden` may have read the user's files before another one was hidden.
    if (isLeft || waiting.get(user) !== before) return "again";
    waiting.delete(user);
    return "done";
  };
  const lookLater = (user: string, afterMs: number): void => {
    const again = (found: "again" | "done"): void => {
      if (found === "again") lookLater(user, Math.min(2 * afterMs, MAX_LOOK_MS));
    };
    setTimeout(() => void look(user).then(again), afterMs).unref();
  };
  return {
    async remove(user, upload) {
      const left = await forgetUpload(deps, user, upload);
      if (left === "needed") {
        const before = waiting.get(user);
        waiting.set(user, (before ?? 0) + 1);
        if (before === undefined) lookLater(user, FIRST_LOOK_MS);
      }
      return left !== "unknown";
    },
    removeOf: (user, conversation) => forgetUploadsOf(deps, user, conversation),
    removeAll: async (user) => forgetUploads(deps, user, await ownUploads(store, user)),
  };
}
