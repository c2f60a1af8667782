import {
  accountAddress,
  endExtraction,
  forgetBusy,
  queueExtraction,
  renewBytes,
  textState,
  userAddress,
  type AskFile,
  type BlobStore,
  type ExtractionGroups,
  type Store,
} from "@docrelay/channel";
import type { Producer } from "@docrelay/jobs";
import type { Networks } from "../limits/networks.ts";
import type { Quotas } from "../quotas/quotas.ts";

export interface ExtractionDeps {
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly producer: Producer;
  /** Returns the network of a user; undefined if `USERS_PER_ADDRESS` is 0. */
  readonly networks?: Pick<Networks, "of"> | undefined;
  readonly quotas: Pick<Quotas, "chargedFor">;
}

/** The stored bytes of a user's file, and the text key under which their text is stored. */
export type Extractable = Pick<AskFile, "text" | "ref" | "sha256" | "size" | "locked">;

/**
 * An upload that no ask has named is queued for extraction only while at most this many extractions of its user wait.
 */
const MAX_UNASKED = 32;

/**
 * Queues the extraction of a file that an ask needs, unless its text or its failure is stored; the failure "the machine
 * was too busy" does not count. Idempotent: any number of calls cause one extraction. Users with few waiting
 * extractions are served first.
 */
export async function orderText(deps: ExtractionDeps, user: string, file: Extractable, trace: string): Promise<void> {
  const [state] = await textState(deps.store, [file.text]);
  if (await isToBeExtracted(deps, file.text, state)) await queueText(deps, user, file, { trace, isAsked: true });
}

/**
 * Whether neither the text nor a failure is stored. The failure "the machine was too busy" is only for asks that waited
 * at that time, so it is removed here.
 */
export async function isToBeExtracted(
  { store }: Pick<ExtractionDeps, "store">,
  text: string,
  state: Awaited<ReturnType<typeof textState>>[number] | undefined,
): Promise<boolean> {
  return state === "missing" || (state === "failed" && forgetBusy(store, text));
}

/**
 * Queues the extraction of a text that is known to be missing. Idempotent, as {@link orderText} is. If `isAsked` is
 * false, no ask needs the text yet: then nothing is queued for a user with many waiting extractions; a later call
 * queues it.
 */
export async function queueText(
  deps: ExtractionDeps,
  user: string,
  file: Extractable,
  { trace, isAsked }: { trace: string; isAsked: boolean },
): Promise<void> {
  const { store, producer } = deps;
  const at = userAddress(user);
  const { network, charged } = extractionGroups(deps, user);
  const isQueued = (text: string): Promise<boolean> =>
    producer.state(text).then(
      (state) => state !== "none",
      () => true, // only this file's priority depends on it, and adding the file reports the trouble if it lasts
    );
  const [waiting, ofNetwork] = await Promise.all([
    queueExtraction(store, at, file.text, isQueued),
    network ? queueExtraction(store, network, file.text, isQueued) : 0,
  ]);
  if (!isAsked && waiting > MAX_UNASKED) {
    await Promise.all([at, ...(network ? [network] : [])].map((account) => endExtraction(store, account, file.text)));
    return;
  }
  const { text: key, ref, sha256, size: bytes, locked } = file;
  const job = { key, ref, sha256, bytes, locked, trace, shard: at.shard, u: at.u, network, charged };
  await producer.extract(job, Math.max(waiting, ofNetwork));
}

/** Returns for whom the extractions of a user count besides the user. */
export function extractionGroups(
  { networks, quotas }: Pick<ExtractionDeps, "networks" | "quotas">,
  user: string,
): ExtractionGroups {
  const name = networks?.of(user);
  const charged = quotas.chargedFor("pages", user);
  return {
    ...(name === undefined ? {} : { network: accountAddress({ kind: "network", name }) }),
    ...(charged.length === 0 ? {} : { charged }),
  };
}

/**
 * Whether a file's text is stored or can still be extracted. Bytes are released when their text has been stored. So if
 * the bytes are missing, the text may have been stored since it was looked for, and is looked for a second time. Renews
 * the expiry of the bytes.
 */
export async function canBeRead({ store, blobs }: ExtractionDeps, file: Extractable): Promise<boolean> {
  const there = async (): Promise<boolean> => (await textState(store, [file.text]))[0] !== "missing";
  if (await there()) return true;
  return (await renewBytes(store, blobs, file.ref)) || there();
}
