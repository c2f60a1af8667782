import { createHash } from "node:crypto";
import { isRef, type BlobStore } from "./blob-store.ts";
import { ChannelError } from "../redis/store.ts";
import {
  chainOf,
  chunkName,
  isOver,
  keepName,
  parsePage,
  PLACE,
  type BlobObject,
  type Chain,
  type Page,
} from "./s3-listing.ts";
import type { S3Answer, S3Client } from "./s3-client.ts";
import { placeOfChunk } from "../sealing/places.ts";
import { createSealing, type Sealing } from "../sealing/sealing.ts";

/** Chunks that are on their way while a reader reads. */
const FETCHES_AHEAD = 6;
/** Most objects that one request removes. */
const REMOVED_AT_ONCE = 1000;
/** A look at all objects is paid for by the request: each process that sweeps does it no more often than this … */
const SWEEP_EVERY_MS = 600_000;
/** … and looks at no more than so many pages of 1,000; the next sweep goes on there. */
const SWEEP_PAGES = 200;

export interface S3StoreOptions {
  /** The server refuses to replace an object when it is asked so (`If-None-Match: *`). Without it, each write looks first. */
  readonly isConditional: boolean;
  /** Without it, bytes are stored as they are. */
  readonly sealing?: Sealing;
  readonly sweepEveryMs?: number;
  readonly sweepPages?: number;
}

/**
 * Blobs in a bucket, one object for each chunk: a chunk is stored as soon as it came, in any order, and is seen whole or not
 * at all. (Parts of a multipart upload have at least 5 MiB and cannot be read before the end.) How long a blob is kept says
 * an empty object beside its chunks, and all times are the server's. Objects of other names are never removed.
 *
 * Errors of the server are ChannelErrors `io`, after retries within the bounds of the client.
 */
export function createS3BlobStore(client: S3Client, options: S3StoreOptions): BlobStore {
  const { isConditional, sealing = createSealing() } = options;
  const { sweepEveryMs = SWEEP_EVERY_MS, sweepPages = SWEEP_PAGES } = options;
  const { prefix, sse } = client.place;
  const encrypted = sseHeaders(sse);
  const checked = (ref: string): string => {
    if (!isRef(ref)) throw new ChannelError("wrong-answer", "not the name of a blob");
    return ref;
  };

  async function isThere(name: string): Promise<boolean> {
    return (await client.send({ method: "HEAD", name, allowed: [404] })).status !== 404;
  }

  async function list(query: Record<string, string>): Promise<Page & { now: number }> {
    const answer = await client.send({ method: "GET", query: { "list-type": "2", ...query } });
    return { ...parsePage(Buffer.from(answer.body).toString(), prefix), now: timeOf(answer) };
  }

  async function objectsOf(ref: string): Promise<BlobObject[]> {
    const all: BlobObject[] = [];
    let token: string | undefined;
    do {
      const page = await list({
        prefix: `${prefix}${PLACE}${checked(ref)}/`,
        ...(token !== undefined && { "continuation-token": token }),
      });
      all.push(...page.objects);
      token = page.next;
    } while (token !== undefined);
    return all;
  }

  /** By one page: names with digits come first. Not of one key, which would make it an unfinished listing. */
  async function hasChunks(ref: string): Promise<boolean> {
    const { objects } = await list({ prefix: `${prefix}${PLACE}${checked(ref)}/` });
    return objects[0]?.offset !== undefined;
  }

  async function removeAll(objects: readonly BlobObject[]): Promise<void> {
    for (let from = 0; from < objects.length; from += REMOVED_AT_ONCE) {
      const some = objects.slice(from, from + REMOVED_AT_ONCE);
      const body = Buffer.from(
        `<Delete><Quiet>true</Quiet>${some.map(({ name }) => `<Object><Key>${prefix}${name}</Key></Object>`).join("")}</Delete>`,
      );
      const headers = {
        "content-md5": createHash("md5").update(body).digest("base64"),
        "content-type": "application/xml",
      };
      const answer = await client.send({ method: "POST", query: { delete: "" }, headers, body });
      const [, code] = /<Error>[\s\S]*?<Code>(\w+)<\/Code>/.exec(Buffer.from(answer.body).toString()) ?? [];
      if (code !== undefined) throw new ChannelError("io", `the bucket of blobs: ${code}`);
    }
  }

  async function fetchChunk(ref: string, chunk: Chain["chunks"][number]): Promise<Uint8Array | undefined> {
    const { name, offset, isSealed, size } = chunk;
    const { status, body } = await client.send({ method: "GET", name, allowed: [404] });
    if (status === 404) return undefined;
    const bytes = isSealed ? sealing.unseal(placeOfChunk(ref, offset), body) : body;
    return bytes.length === size ? bytes : undefined;
  }

  const sweepOn = createSweep({
    maxPages: sweepPages,
    list: (query) => list({ prefix: prefix + PLACE, ...query }),
    removeAll,
    before: (ref) => `${prefix}${PLACE}${ref}`,
  });
  let sweptAt = Number.NEGATIVE_INFINITY;

  return {
    isInOrder: false,
    async write(ref, offset, bytes) {
      const name = chunkName(checked(ref), offset, sealing.isOn);
      const body = sealing.isOn ? sealing.seal(placeOfChunk(ref, offset), bytes) : bytes;
      if (!isConditional && (await isThere(name))) return false;
      const headers = { ...encrypted, ...(isConditional && { "if-none-match": "*" }) };
      // 412 also when the first try was stored and its answer was lost: then the bytes count as repeated.
      return (await client.send({ method: "PUT", name, headers, body, allowed: [412] })).status !== 412;
    },
    count: async (ref) => (await objectsOf(ref)).filter(({ offset }) => offset !== undefined).length,
    async *read(ref, range = { from: 0, to: Number.POSITIVE_INFINITY }) {
      const { chunks, size: end, hasHole } = chainOf(await objectsOf(ref));
      const wanted = chunks.filter(({ offset, size }) => offset + size > range.from && offset < range.to);
      const fetch = (chunk: (typeof wanted)[number]) => {
        const fetching = fetchChunk(ref, chunk);
        fetching.catch(() => undefined); // not awaited when the reader stops before
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
    },
    exists: hasChunks,
    remove: async (ref) => removeAll(await objectsOf(ref)),
    async renew(ref, keepMs) {
      if (!(await hasChunks(ref))) return false;
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

/**
 * One look at up to `maxPages` pages, from where the last one ended; after an error from the beginning. All
 * objects of a blob follow one another, and their names begin with what a listing can be told to start after.
 */
function createSweep(of: {
  readonly maxPages: number;
  list(query: Record<string, string>): Promise<Page & { now: number }>;
  removeAll(objects: readonly BlobObject[]): Promise<void>;
  /** The name that sorts directly before those of a blob. */
  before(ref: string): string;
}): () => Promise<number> {
  let resumeAt: string | undefined;
  return async () => {
    const first = resumeAt;
    resumeAt = undefined;
    let removed = 0;
    let blob: BlobObject[] = [];
    const end = async (now: number): Promise<void> => {
      if (blob.length > 0 && isOver(blob, now)) {
        await of.removeAll(blob);
        removed++;
      }
      blob = [];
    };
    let query: Record<string, string> = first === undefined ? {} : { "start-after": of.before(first) };
    for (let pages = 1; ; pages++) {
      const page = await of.list(query);
      for (const object of page.objects) {
        if (blob[0] && blob[0].ref !== object.ref) await end(page.now);
        blob.push(object);
      }
      if (page.next === undefined) {
        await end(page.now);
        return removed;
      }
      // A blob of more pages than that is read to its end.
      if (pages >= of.maxPages && blob[0]?.ref !== first) break;
      query = { "continuation-token": page.next };
    }
    resumeAt = blob[0]?.ref;
    return removed;
  };
}

export function sseHeaders(sse: S3Client["place"]["sse"]): Record<string, string> {
  if (!sse) return {};
  const key = sse.key === undefined ? {} : { "x-amz-server-side-encryption-aws-kms-key-id": sse.key };
  return { "x-amz-server-side-encryption": sse.algorithm, ...key };
}

/** The server's clock, in ms. */
function timeOf({ headers }: S3Answer): number {
  const time = Date.parse(headers.get("date") ?? "");
  return Number.isNaN(time) ? Date.now() : time;
}
