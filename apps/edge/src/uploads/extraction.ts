import {
  queueExtraction,
  renewBytes,
  textState,
  userAddress,
  type AskFile,
  type BlobStore,
  type Store,
} from "@docrelay/channel";
import type { Producer } from "@docrelay/jobs";

export interface ExtractionDeps {
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly producer: Producer;
}

/** Bytes of a user and the key of the text to be made of them. */
export type Extractable = Pick<AskFile, "text" | "ref" | "sha256" | "size" | "locked">;

/**
 * Asks for a text unless its outcome is there. Idempotent: any number of calls make one extraction. Users who wait for
 * few come first.
 */
export async function orderText(deps: ExtractionDeps, user: string, file: Extractable, trace: string): Promise<void> {
  const { store, producer } = deps;
  const [state] = await textState(store, [file.text]);
  if (state !== "missing") return;
  const at = userAddress(user);
  const priority = await queueExtraction(store, at, file.text);
  const { text: key, ref, sha256, size: bytes, locked } = file;
  await producer.extract({ key, ref, sha256, bytes, locked, trace, shard: at.shard, u: at.u }, priority);
}

/**
 * Whether a file's text is there or can still be made. Bytes go only after the text came: so the text is looked at again
 * after its bytes were not found. Renews both.
 */
export async function canBeRead({ store, blobs }: ExtractionDeps, file: Extractable): Promise<boolean> {
  const there = async (): Promise<boolean> => (await textState(store, [file.text]))[0] !== "missing";
  if (await there()) return true;
  return (await renewBytes(store, blobs, file.ref)) || there();
}
