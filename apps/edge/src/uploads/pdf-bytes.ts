import {
  areRetained,
  ChannelError,
  claimBytes,
  releaseBytes,
  renewUnconfirmed,
  textKey,
  userAddress,
  useText,
  type BlobStore,
  type Store,
} from "@docrelay/channel";
import { createHash } from "node:crypto";
import type { SharedSettings } from "./shared-settings.ts";

/** Only this many bytes at the beginning of a file are searched for `%PDF-`. */
export const HEAD_BYTES = 1024;
const MARK = Buffer.from("%PDF-");

/**
 * Whether the first bytes of a file contain `%PDF-`. As in PDF readers, this may be anywhere in the first 1,024 bytes.
 * The file's name is not considered.
 */
export function looksLikePdf(head: Uint8Array): boolean {
  return Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, HEAD_BYTES)).includes(MARK);
}

/**
 * Reads the stored bytes of a file, and returns their hash and whether they are a PDF; undefined if some of the bytes
 * are missing, or if their number is not `size`.
 */
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

/** How many chunks of a file are written to the blob store at the same time. */
const WRITES_AT_ONCE = 8;

/**
 * Stores a whole file, which is in memory, in chunks, under a `ref` for which room is reserved. When this function
 * throws, none of its writes is still under way, so the caller can remove what they have stored.
 */
export async function writeChunks(
  { store, blobs }: { readonly store: Store; readonly blobs: BlobStore },
  ref: string,
  bytes: Uint8Array,
  chunkBytes: number,
): Promise<void> {
  for (let from = 0; from < bytes.length; from += WRITES_AT_ONCE * chunkBytes) {
    const group = bytes.subarray(from, from + WRITES_AT_ONCE * chunkBytes);
    const writes: Array<Promise<boolean>> = [];
    for (let at = 0; at < group.length; at += chunkBytes)
      writes.push(blobs.write(ref, from + at, group.subarray(at, at + chunkBytes)));
    for (const write of await Promise.allSettled(writes)) if (write.status === "rejected") throw write.reason;
    if (from + group.length < bytes.length) await renewUnconfirmed(store, ref);
  }
}

/** Returns the text key of a user's file without a password. */
export async function textKeyOf(sharedSettings: SharedSettings, user: string, sha256: string): Promise<string> {
  const [secret, profile] = await Promise.all([sharedSettings.secret(), sharedSettings.profile()]);
  return textKey(secret, { sha256, profile, scope: sharedSettings.scopeOf(user) });
}

/**
 * Records that the user uses the text of these bytes, and decides which blob is kept for that text: `ref`, or a copy of
 * the same bytes that came earlier. Returns the kept blob. {@link dropNeedless} releases the other one.
 */
export async function settleBytes(
  { store, blobs }: { readonly store: Store; readonly blobs: BlobStore },
  user: string,
  { text, ref }: { text: string; ref: string },
): Promise<string> {
  // `useText` is sent first: so a process that removes the text at the same moment sees this user before it removes the
  // bytes that are kept for this user.
  const [, kept] = await Promise.all([useText(store, userAddress(user), text), claimBytes(store, blobs, text, ref)]);
  return kept;
}

/**
 * Releases a file's bytes that are not needed: because another copy is kept, or because their text is stored and no
 * password was given for them. `state`: the stored state of the text, read after {@link settleBytes}.
 */
export async function dropNeedless(
  deps: { readonly store: Store; readonly blobs: BlobStore },
  user: string,
  file: { own: string; kept: string; text: string; state: "text" | "failed" | "missing" | undefined },
): Promise<void> {
  const { store, blobs } = deps;
  if (file.own !== file.kept) return releaseBytes(store, blobs, file.own, { user: userAddress(user) });
  if (file.state === "text" && !(await areRetained(store, file.own)))
    await releaseBytes(store, blobs, file.own, { text: file.text, user: userAddress(user) });
}
