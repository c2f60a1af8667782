import { prepareBlobFolder } from "./blob-folder.ts";
import { createFileBlobStore } from "./blob-store-file.ts";
import { createRedisBlobStore } from "./blob-store-redis.ts";
import type { BlobStore } from "./blob-store.ts";
import { redisTime, type Store } from "../redis/store.ts";

const FILE = "file:";

/**
 * Makes the place of a `file:` store ready, once at the start of a process and before `createBlobStore` is used. It
 * needs no Redis. Idempotent. @throws ChannelError `setting` when blobs must not or cannot be kept there.
 */
export async function prepareBlobStore(spec: string): Promise<void> {
  if (spec.startsWith(FILE)) await prepareBlobFolder(spec.slice(FILE.length));
}

/** `redis` (default), or `file:<folder>` on a disk that edges and workers share. */
export function createBlobStore(spec: string, store: Store): BlobStore {
  if (!spec.startsWith(FILE)) return createRedisBlobStore(store);
  return createFileBlobStore(spec.slice(FILE.length), () => redisTime(store.redis));
}
