import { Cluster } from "ioredis";
import { IDLE_UPLOAD_MS, SWEEP_GRACE_MS, type BlobStore } from "./blob-store.ts";
import { slice } from "./slice.ts";
import { blobKey } from "../redis/keys.ts";
import { ChannelError, sealingOf, type Store } from "../redis/store.ts";
import { placeOfChunk } from "../sealing/places.ts";

/** About how many bytes one command fetches. */
const FETCH_BYTES = 1_048_576;
const FETCHES_AHEAD = 2;

/**
 * Stores each blob as one hash: offset → chunk. Redis itself expires it. All commands to a single Redis go
 * through one connection, so they are executed in order. In a cluster they are not: a blob and its upload may be on
 * different nodes.
 */
export function createRedisBlobStore(store: Store): BlobStore {
  const { redis } = store;
  const sealing = sealingOf(store);

  async function* readAll(ref: string): AsyncGenerator<Uint8Array> {
    const offsets = (await redis.hkeys(blobKey(ref))).map(Number).sort((a, b) => a - b);
    if (offsets.length === 0) throw new ChannelError("hole", "no bytes at all");
    const groups = groupOffsets(offsets);
    const fetch = async (group: readonly number[]): Promise<Array<Buffer | null>> =>
      redis.hmgetBuffer(blobKey(ref), ...group.map(String));
    const fetches = groups.slice(0, FETCHES_AHEAD).map(fetch);
    let next = 0;
    for (const [index, group] of groups.entries()) {
      // Prevents unhandled rejections: when the reader stops early, these fetches are not awaited.
      for (const pending of fetches) pending.catch(() => undefined);
      const chunks = (await fetches.shift()) ?? [];
      const later = groups[index + FETCHES_AHEAD];
      if (later) fetches.push(fetch(later));
      for (const [at, offset] of group.entries()) {
        if (offset < next) continue;
        const stored = chunks[at];
        if (offset !== next || !stored) throw new ChannelError("hole", `no bytes at ${next}`);
        const chunk = sealing.unseal(placeOfChunk(ref, offset), stored);
        next += chunk.length;
        yield chunk;
      }
    }
  }

  return {
    isInOrder: !(redis instanceof Cluster),
    async write(ref, offset, bytes) {
      const chunk = sealing.seal(placeOfChunk(ref, offset), bytes);
      const [isNew] = await Promise.all([
        redis.hsetnx(blobKey(ref), String(offset), chunk),
        redis.pexpire(blobKey(ref), IDLE_UPLOAD_MS + SWEEP_GRACE_MS),
      ]);
      return isNew === 1;
    },
    count: (ref) => redis.hlen(blobKey(ref)),
    read: (ref, range) => (range ? slice(readAll(ref), range) : readAll(ref)),
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

/** Splits ascending offsets into groups. The chunks of one group have about {@link FETCH_BYTES} in all. */
function groupOffsets(offsets: readonly number[]): number[][] {
  const groups: number[][] = [];
  let from = Number.NEGATIVE_INFINITY;
  for (const offset of offsets) {
    if (offset - from >= FETCH_BYTES) {
      groups.push([]);
      from = offset;
    }
    groups.at(-1)?.push(offset);
  }
  return groups;
}
