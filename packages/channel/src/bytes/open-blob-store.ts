import { prepareBlobFolder } from "./blob-folder.ts";
import { createFileBlobStore } from "./blob-store-file.ts";
import { createRedisBlobStore } from "./blob-store-redis.ts";
import type { BlobStore } from "./blob-store.ts";
import type { S3Place } from "./s3-client.ts";
import { redisTime, sealingOf, type Store } from "../redis/store.ts";

const FILE = "file:";

/**
 * Tests that blobs can be kept, once at the start of a process. Returns a function that opens the blob store. `s3`,
 * when given, is used instead of `spec`; only then is the S3 client loaded. Needs no Redis. Idempotent.
 * @throws ChannelError `setting` when blobs must not or cannot be kept there.
 */
export async function prepareBlobStore(spec: string, s3?: S3Place): Promise<(store: Store) => BlobStore> {
  if (s3) {
    const { openS3BlobStore } = await import("./s3-bucket.ts");
    const open = await openS3BlobStore(s3);
    return (store) => open(sealingOf(store));
  }
  if (spec.startsWith(FILE)) await prepareBlobFolder(spec.slice(FILE.length));
  return (store) => createBlobStore(spec, store);
}

/** Opens a blob store. `spec`: `redis` (default), or `file:<folder>` on a disk that edges and workers share. */
export function createBlobStore(spec: string, store: Store): BlobStore {
  if (!spec.startsWith(FILE)) return createRedisBlobStore(store);
  return createFileBlobStore(spec.slice(FILE.length), () => redisTime(store.redis), sealingOf(store));
}
