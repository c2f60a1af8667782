import {
  areRetained,
  ChannelError,
  claimBytes,
  releaseBytes,
  textKey,
  textState,
  userAddress,
  type BlobStore,
  type Store,
} from "@docrelay/channel";
import { createHash } from "node:crypto";
import type { SharedSettings } from "./shared-settings.ts";

/** The number of first bytes in which the mark of a PDF is searched. */
export const HEAD_BYTES = 1024;
const MARK = Buffer.from("%PDF-");

/** Checks the bytes only, not the name; the mark may be anywhere in the first 1,024 bytes, as PDF readers allow. */
export function looksLikePdf(head: Uint8Array): boolean {
  return Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, HEAD_BYTES)).includes(MARK);
}

/** Inspects stored bytes in order; undefined when a part is missing, or when they are fewer or more than `size`. */
export async function inspectStored(
  blobs: BlobStore,
  ref: string,
  size: number,
): Promise<{ sha256: string; isPdf: boolean } | undefined> {
  const hash = createHash("sha256");
  let head = Buffer.alloc(0);
  let bytes = 0;
  try {
    for await (const chunk of blobs.read(ref)) {
      hash.update(chunk);
      if (head.length < HEAD_BYTES) head = Buffer.concat([head, chunk.subarray(0, HEAD_BYTES)]);
      bytes += chunk.length;
    }
  } catch (error) {
    if (error instanceof ChannelError && error.kind === "hole") return undefined;
    throw error;
  }
  return bytes === size ? { sha256: hash.digest("hex"), isPdf: looksLikePdf(head) } : undefined;
}

/** Decides which blob is kept for this hash, and its text key. `ref` is released when another copy is kept. */
export async function settleBytes(
  deps: { readonly store: Store; readonly blobs: BlobStore; readonly sharedSettings: SharedSettings },
  sha256: string,
  ref: string,
): Promise<{ ref: string; text: string }> {
  const { store, blobs, sharedSettings } = deps;
  const kept = await claimBytes(store, blobs, sha256, ref);
  const text = textKey(await sharedSettings.secret(), { sha256, profile: await sharedSettings.profile() });
  return { ref: kept, text };
}

/**
 * Releases bytes that are not needed: another copy is kept, or their text exists and no password was given for them.
 */
export async function dropNeedless(
  deps: { readonly store: Store; readonly blobs: BlobStore },
  user: string,
  file: { own: string; kept: string; text: string; sha256: string },
): Promise<void> {
  const { store, blobs } = deps;
  if (file.own !== file.kept) return releaseBytes(store, blobs, file.own, { user: userAddress(user) });
  const [state] = await textState(store, [file.text]);
  if (state === "text" && !(await areRetained(store, file.own)))
    await releaseBytes(store, blobs, file.own, { sha256: file.sha256, user: userAddress(user) });
}
