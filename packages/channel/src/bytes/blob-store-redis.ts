import { IDLE_UPLOAD_MS, SWEEP_GRACE_MS, type BlobStore } from "./blob-store.ts";
import { blobKey } from "../redis/keys.ts";
import { ChannelError, type Store } from "../redis/store.ts";

/** Blobs as one hash each, offset → chunk: a retry writes the same field again. Expiry is Redis's own. */
export function createRedisBlobStore(store: Store): BlobStore {
  const { redis } = store;
  return {
    async write(ref, offset, bytes) {
      const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const replies = await redis
        .pipeline()
        .hset(blobKey(ref), String(offset), chunk)
        .pexpire(blobKey(ref), IDLE_UPLOAD_MS + SWEEP_GRACE_MS)
        .exec();
      for (const [error] of replies ?? []) if (error) throw error;
    },
    async *read(ref) {
      const offsets = (await redis.hkeys(blobKey(ref))).map(Number).sort((a, b) => a - b);
      let next = 0;
      for (const offset of offsets) {
        const chunk = await redis.hgetBuffer(blobKey(ref), String(offset));
        if (offset !== next || !chunk) throw new ChannelError("hole", `no bytes at ${next}`);
        next += chunk.length;
        yield chunk;
      }
      if (offsets.length === 0) throw new ChannelError("hole", "no bytes at all");
    },
    async exists(ref) {
      return (await redis.exists(blobKey(ref))) === 1;
    },
    async remove(ref) {
      await redis.unlink(blobKey(ref));
    },
    async renew(ref, keepMs) {
      return (await redis.pexpire(blobKey(ref), keepMs)) === 1;
    },
    async sweep() {
      return 0;
    },
  };
}
