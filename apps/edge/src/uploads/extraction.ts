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
  type Store,
} from "@docrelay/channel";
import type { Producer } from "@docrelay/jobs";
import type { Networks } from "../limits/networks.ts";
import type { Quotas } from "../quotas/quotas.ts";

export interface ExtractionDeps {
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly producer: Producer;
  /** Returns the network of a user, where networks are counted. */
  readonly networks?: Pick<Networks, "of"> | undefined;
  readonly quotas: Pick<Quotas, "chargedFor">;
}

/** A user's bytes and the text key of their extraction. */
export type Extractable = Pick<AskFile, "text" | "ref" | "sha256" | "size" | "locked">;

/** Most waiting extractions of one user's uploads that no ask has named. */
const MAX_UNASKED = 32;

/**
 * Queues the extraction of a text unless its outcome is stored; "the machine was too busy" does not count as an
 * outcome. Idempotent: any number of calls cause one extraction. Users with few waiting extractions have priority.
 */
export async function orderText(deps: ExtractionDeps, user: string, file: Extractable, trace: string): Promise<void> {
  const [state] = await textState(deps.store, [file.text]);
  if (await isToBeExtracted(deps, file.text, state)) await queueText(deps, user, file, { trace, isAsked: true });
}

/**
 * Whether no outcome is stored. The outcome "the machine was too busy" holds only for asks that waited then, so it is
 * removed here.
 */
export async function isToBeExtracted(
  { store }: Pick<ExtractionDeps, "store">,
  text: string,
  state: Awaited<ReturnType<typeof textState>>[number] | undefined,
): Promise<boolean> {
  return state === "missing" || (state === "failed" && forgetBusy(store, text));
}

/**
 * Queues the extraction of a text that is known to be missing. Idempotent, as {@link orderText} is. `isAsked` false: no
 * ask needs the text yet; then nothing is queued for a user who has many waiting extractions, and a later call queues
 * it.
 */
export async function queueText(
  deps: ExtractionDeps,
  user: string,
  file: Extractable,
  { trace, isAsked }: { trace: string; isAsked: boolean },
): Promise<void> {
  const { store, producer } = deps;
  const at = userAddress(user);
  const name = deps.networks?.of(user);
  const network = name === undefined ? undefined : accountAddress({ kind: "network", name });
  const [waiting, ofNetwork] = await Promise.all([
    queueExtraction(store, at, file.text),
    network ? queueExtraction(store, network, file.text) : 0,
  ]);
  if (!isAsked && waiting > MAX_UNASKED) {
    await Promise.all([at, ...(network ? [network] : [])].map((account) => endExtraction(store, account, file.text)));
    return;
  }
  const { text: key, ref, sha256, size: bytes, locked } = file;
  const groups = deps.quotas.chargedFor("pages", user);
  const charged = groups.length > 0 ? groups : undefined;
  const job = { key, ref, sha256, bytes, locked, trace, shard: at.shard, u: at.u, network, charged };
  await producer.extract(job, Math.max(waiting, ofNetwork));
}

/**
 * Whether a file's text exists or can still be extracted. Bytes are released only after the text is stored, so if the
 * bytes are missing, the text is checked a second time. Renews the expiry of both.
 */
export async function canBeRead({ store, blobs }: ExtractionDeps, file: Extractable): Promise<boolean> {
  const there = async (): Promise<boolean> => (await textState(store, [file.text]))[0] !== "missing";
  if (await there()) return true;
  return (await renewBytes(store, blobs, file.ref)) || there();
}
