import type { BlobStore } from "./blob-store.ts";
import { ChannelError } from "../redis/store.ts";
import { chainOf, chunkName, keepName, type Chain } from "./s3-listing.ts";
import type { S3Client } from "./s3-client.ts";
import { checked, hasChunks, isThere, objectsOf, removeAll, sseHeaders } from "./s3-objects.ts";
import { createSweep } from "./s3-sweep.ts";
import { placeOfChunk } from "../sealing/places.ts";
import { createSealing, type Sealing } from "../sealing/sealing.ts";

const ALL = { from: 0, to: Number.POSITIVE_INFINITY };
/** How many chunks are fetched ahead of a reader. */
const FETCHES_AHEAD = 6;
/**
 * Listing all objects costs a fee for each request, so each sweeping process lists them at most once in this many ms.
 */
const SWEEP_EVERY_MS = 600_000;
/** The most pages of 1,000 objects that one sweep lists. The next sweep begins where this one has stopped. */
const SWEEP_PAGES = 200;

export interface S3StoreOptions {
  /**
   * Whether the server can refuse to replace an object (`If-None-Match: *`). If not, each write first checks whether
   * the object exists.
   */
  readonly isConditional: boolean;
  /** Encrypts the bytes. If undefined, they are stored unencrypted. */
  readonly sealing?: Sealing;
  readonly sweepEveryMs?: number;
  readonly sweepPages?: number;
}

/**
 * Stores blobs in a bucket, one object for each chunk. A chunk is stored as soon as it arrives, in any order, and
 * readers see a whole chunk or none. (Parts of a multipart upload have at least 5 MiB and cannot be read before its
 * end.) An empty object beside the chunks states how long a blob is kept. All times are the server's. Objects of other
 * names are never removed.
 *
 * Errors of the server are ChannelErrors `io`, after retries within the bounds of the client.
 */
export function createS3BlobStore(client: S3Client, options: S3StoreOptions): BlobStore {
  const { isConditional, sealing = createSealing() } = options;
  const { sweepEveryMs = SWEEP_EVERY_MS, sweepPages = SWEEP_PAGES } = options;
  const encrypted = sseHeaders(client.place.sse);
  const sweepOn = createSweep(client, sweepPages);
  let sweptAt = Number.NEGATIVE_INFINITY;

  return {
    isInOrder: false,
    async write(ref, offset, bytes) {
      const name = chunkName(checked(ref), offset, sealing.isOn);
      const body = sealing.isOn ? sealing.seal(placeOfChunk(ref, offset), bytes) : bytes;
      if (!isConditional && (await isThere(client, name))) return false;
      const headers = { ...encrypted, ...(isConditional && { "if-none-match": "*" }) };
      // The server returns 412 also if an earlier try was stored and its response was lost. The chunk then counts as
      // stored before.
      return (await client.send({ method: "PUT", name, headers, body, allowed: [412] })).status !== 412;
    },
    count: async (ref) => (await objectsOf(client, ref)).filter(({ offset }) => offset !== undefined).length,
    read: (ref, range) => read(client, sealing, ref, range),
    exists: (ref) => hasChunks(client, ref),
    remove: async (ref) => removeAll(client, await objectsOf(client, ref)),
    async renew(ref, keepMs) {
      if (!(await hasChunks(client, ref))) return false;
      await client.send({ method: "PUT", name: keepName(ref, keepMs), headers: encrypted, body: new Uint8Array() });
      return true;
    },
    async sweep() {
      if (performance.now() - sweptAt < sweepEveryMs) return 0;
      const removed = await sweepOn();
      sweptAt = performance.now();
      return removed;
    },
  };
}

/** Yields the bytes of a blob in order, and fetches a few chunks ahead. */
async function* read(
  client: S3Client,
  sealing: Sealing,
  ref: string,
  range: { readonly from: number; readonly to: number } = ALL,
): AsyncGenerator<Uint8Array> {
  const { chunks, size: end, hasHole } = chainOf(await objectsOf(client, ref));
  const wanted = chunks.filter(({ offset, size }) => offset + size > range.from && offset < range.to);
  const fetch = (chunk: (typeof wanted)[number]) => {
    const fetching = fetchChunk(client, sealing, ref, chunk);
    fetching.catch(() => undefined); // if the reader stops early, nobody awaits this chunk
    return fetching;
  };
  const fetches = wanted.slice(0, FETCHES_AHEAD).map(fetch);
  for (const [index, { offset }] of wanted.entries()) {
    const chunk = await fetches.shift();
    const later = wanted[index + FETCHES_AHEAD];
    if (later) fetches.push(fetch(later));
    if (!chunk) throw new ChannelError("hole", `no bytes at ${offset}`);
    yield chunk.subarray(Math.max(0, range.from - offset), range.to - offset);
  }
  if (hasHole && end < range.to) throw new ChannelError("hole", `no bytes at ${end}`);
}

async function fetchChunk(
  client: S3Client,
  sealing: Sealing,
  ref: string,
  chunk: Chain["chunks"][number],
): Promise<Uint8Array | undefined> {
  const { name, offset, isSealed, size } = chunk;
  const { status, body } = await client.send({ method: "GET", name, allowed: [404] });
  if (status === 404) return undefined;
  const bytes = isSealed ? sealing.unseal(placeOfChunk(ref, offset), body) : body;
  return bytes.length === size ? bytes : undefined;
}
