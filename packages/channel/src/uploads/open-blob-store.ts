import { createFileBlobStore } from "./blob-store-file.ts";
import { createRedisBlobStore } from "./blob-store-redis.ts";
import type { BlobStore } from "./blob-store.ts";
import type { Store } from "../redis/store.ts";

/** `redis` (default), or `file:<folder>` on a disk that edges and workers share. */
export function createBlobStore(spec: string, store: Store): BlobStore {
  return spec.startsWith("file:") ? createFileBlobStore(spec.slice("file:".length)) : createRedisBlobStore(store);
}
