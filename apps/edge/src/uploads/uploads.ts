import {
  beginUpload,
  dropUpload,
  finishUpload,
  growRoom,
  IDLE_UPLOAD_MS,
  newRef,
  readUpload,
  reserveBytes,
  roomFor,
  storeChunk,
  textState,
  type AskFile,
  type UploadState,
} from "@docrelay/channel";
import { cleanFileName, refuse, type Limits, type UploadStart } from "@docrelay/protocol";
import { createHash, randomUUID } from "node:crypto";
import { quotaExceeded } from "../limits/quota-exceeded.ts";
import { dayQuotaExceeded, type Quotas } from "../quotas/quotas.ts";
import type { MemoryGate } from "../limits/memory-gate.ts";
import { createRateLimiter } from "../limits/rate-limit.ts";
import type { Usage } from "../limits/usage.ts";
import { dropNeedless, HEAD_BYTES, inspectStored, looksLikePdf, settleBytes, writeChunks } from "./pdf-bytes.ts";
import { createReceivings, type Receiving } from "./receiving.ts";
import type { SharedSettings } from "./shared-settings.ts";
import { isToBeExtracted, queueText, type ExtractionDeps } from "./extraction.ts";
import type { UploadQueue } from "./upload-queue.ts";

/** Uploads from clients into the blob store, in chunks; each chunk may go through any edge. */
export interface Uploads {
  /** Begins an upload, or returns the offset of a known one. Idempotent by user and id. @throws Refusal */
  start(user: string, input: UploadStart): Promise<{ upload: string; offset: number; chunkBytes: number }>;
  /**
   * Stores a chunk; the last one completes the upload and queues its extraction. Idempotent: a chunk sent again returns
   * the upload's offset. `size`, with the last chunk, is the file's size where the upload was begun with an upper bound
   * of it. @throws Refusal `BAD_MESSAGE` reason `offset` for a hole, `BUSY` after a wait.
   */
  chunk(user: string, input: Chunk): Promise<ChunkAnswer>;
  /** Forgets an unfinished upload and its bytes. Idempotent; a finished one stays. Whether there was one. */
  abandon(user: string, upload: string): Promise<boolean>;
  /**
   * Stores the complete bytes of a file that looks like a PDF; the day's quota counts them with their ask. `isKnown`: that was
   * accepted before. @throws Refusal
   */
  keep(user: string, file: { name: string; bytes: Uint8Array; isKnown?: boolean }): Promise<AskFile>;
}

export interface Chunk {
  readonly upload: string;
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly size?: number | undefined;
}

/** Up to where an upload is stored, and whether it is complete. */
export interface ChunkAnswer {
  readonly offset: number;
  readonly done: boolean;
}

export interface UploadsDeps extends ExtractionDeps {
  readonly sharedSettings: SharedSettings;
  readonly uploadQueue: UploadQueue;
  readonly limits: Limits;
  readonly maxUserBytes: number;
  readonly maxBytes: number;
  readonly usage: Omit<Usage, "checkAsk" | "asked">;
  readonly quotas: Pick<Quotas, "overByFile" | "stored" | "chargedFor" | "isPaused">;
  readonly memoryGate: Pick<MemoryGate, "full">;
  onTrouble(error: unknown): void;
}

const RETRY_MS = 1000;
/** When all users have used their room. */
const FULL_RETRY_MS = 5000;
/** The part of the room of all users that uploads may use. */
const UPLOADS_PART = 7 / 8;
/** Unfinished uploads of one user: each may reserve room without a byte for half a minute. */
export const MAX_UNFINISHED = 64;
/** Uploads that a user may begin, on one edge. */
export const START_RATE = { perSecond: 10, burst: 100 };
/** Bytes of an upload are counted for the groups of its user in steps of this. */
const COUNTED_BYTES = 262_144;
/** A chunk that is sent twice at once may be looked up once more for each of those before it. */
const MAX_LOOKS = 8;

/** The hash of an upload's stored bytes, of which the first were checked; undefined when the bytes have to be read for it. */
async function hashOf({ hash, counted, chunks }: Receiving): Promise<{ sha256: string; isPdf: boolean } | undefined> {
  return hash && (await counted) === chunks ? { sha256: hash.digest("hex"), isPdf: true } : undefined;
}

export function createUploads(deps: UploadsDeps): Uploads {
  const { store, blobs, uploadQueue, limits } = deps;
  const receivings = createReceivings(store);
  const startRate = createRateLimiter(START_RATE);
  const { maxBytes, maxUserBytes } = deps;
  // Uploads leave a part of the room to small files that come with their ask.
  const maxUploadBytes = Math.floor(maxBytes * UPLOADS_PART);

  /** @throws Refusal when no new file is taken now; those that are on their way go on. */
  function checkNew(user: string, isKnown = false): void {
    deps.usage.checkFile(user);
    if (isKnown) return;
    if (deps.quotas.isPaused) throw refuse("BUSY", { retryAfterMs: FULL_RETRY_MS, reason: "paused" });
    if (deps.memoryGate.full) throw refuse("BUSY", { retryAfterMs: FULL_RETRY_MS, reason: "memory" });
  }

  /** @throws Refusal when too many of the user's groups are unfinished; it is dropped then. */
  async function countUpload(user: string, upload: UploadState): Promise<void> {
    try {
      deps.usage.beginUpload(user, upload.ref);
    } catch (error) {
      await dropUpload(store, blobs, user, upload);
      throw error;
    }
  }

  /** Finds where a chunk belongs. What this edge knows of the upload is checked once against what is stored. */
  async function put(user: string, { upload: id, offset, bytes, size }: Chunk): Promise<ChunkAnswer> {
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      const known = await receivings.find(user, id);
      if (!known) throw unknownUpload();
      if (size !== undefined && size < known.upload.size) known.upload = { ...known.upload, size };
      const { upload, next, stored } = known;
      if (upload.done) return { offset: upload.size, done: true };
      if (offset === next) return storeNext(user, known, bytes);
      if (offset < stored) return reached(user, known, stored);
      if (offset > next && looks > 0) throw hole(next);
      // Another edge may have stored more, or this very chunk is on its way already.
      await known.underway;
      receivings.forget(user, known);
    }
    throw refuse("BUSY", { retryAfterMs: RETRY_MS });
  }

  /** Hands a chunk to the store without waiting for the chunks before it; the store counts them in this order. */
  async function storeNext(user: string, known: Receiving, bytes: Uint8Array): Promise<ChunkAnswer> {
    const { upload, next: offset, underway: earlier } = known;
    if (offset + bytes.length > upload.size) {
      throw refuse("FILE_CORRUPT", { message: "There are more bytes than the upload was begun with." });
    }
    if (offset === 0) {
      // Checked as soon as enough bytes are there; after a smaller first chunk, when the last one has arrived.
      const isCheckable = bytes.length >= Math.min(HEAD_BYTES, upload.size);
      if (isCheckable && !looksLikePdf(bytes)) await refuseType(user, known);
      if (!isCheckable) known.hash = undefined;
    }
    const isLast = offset + bytes.length === upload.size;
    const uncounted = offset + bytes.length - known.charged;
    const counts = isLast || uncounted >= COUNTED_BYTES;
    if (counts) deps.usage.checkBytes(user);
    known.next += bytes.length;
    known.chunks++;
    const storing = whenRoom(known, () => {
      const stored = storeChunk(store, blobs, user, { upload, offset, bytes, maxBytes: maxUploadBytes, earlier });
      // If the count is missing or fails, the stored bytes are read instead.
      if (isLast) known.counted = blobs.count?.(upload.ref).catch(() => undefined);
      return stored;
    });
    if (counts) {
      deps.usage.stored(user, uncounted);
      known.charged += uncounted;
    }
    known.underway = storing.catch(() => undefined); // the error is thrown below
    known.hash?.update(bytes);
    try {
      const { isNew, room, ...advanced } = await storing;
      known.room = Math.max(known.room, room);
      if (!isNew) known.hash = undefined;
      if (advanced.kind === "unknown") throw unknownUpload();
      if (advanced.kind === "hole") throw hole(advanced.expectedOffset);
      known.stored = Math.max(known.stored, advanced.offset);
      deps.usage.renewUpload(upload.ref);
      if (advanced.kind === "repeated") receivings.forget(user, known);
      return await reached(user, known, advanced.offset);
    } catch (error) {
      receivings.forget(user, known);
      throw error;
    }
  }

  /**
   * Sends a chunk when there is room for it, so that a full store gets no bytes; chunks are sent in their order. Mostly
   * the chunks before have reserved its room, and it is sent at once.
   */
  function whenRoom<T>(known: Receiving, send: () => Promise<T>): Promise<T> {
    const { next, room, waiting } = known;
    if (next <= room && !waiting) return send();
    const ready = Promise.all([next > room ? askRoom(known, next) : undefined, waiting]);
    const sent = ready.then(send);
    const settled = ready.then(
      () => undefined,
      () => undefined,
    );
    known.waiting = settled;
    void settled.then(() => {
      if (known.waiting === settled) known.waiting = undefined;
    });
    return sent;
  }

  async function askRoom(known: Receiving, offset: number): Promise<void> {
    const { ref, size } = known.upload;
    const wanted = { ref, room: roomFor(size, offset), maxBytes: maxUploadBytes, keepMs: IDLE_UPLOAD_MS };
    const grown = await growRoom(store, wanted);
    if (grown.kind === "gone") throw unknownUpload();
    known.room = Math.max(known.room, grown.room);
    if (offset > known.room) throw refuse("BUSY", { retryAfterMs: FULL_RETRY_MS });
  }

  /** The answer for an upload that is stored up to `offset`. */
  async function reached(user: string, known: Receiving, offset: number): Promise<ChunkAnswer> {
    const { upload } = known;
    if (offset < upload.size) return { offset, done: false };
    // Also for a last chunk sent again: the edge that stored it may have died before it completed the upload.
    await (known.ending ??= complete(user, known).finally(() => receivings.forget(user, known)));
    return { offset: upload.size, done: true };
  }

  async function refuseType(user: string, known: Receiving): Promise<never> {
    receivings.forget(user, known);
    deps.usage.endUpload(known.upload.ref);
    await dropUpload(store, blobs, user, known.upload);
    throw refuse("FILE_TYPE_UNSUPPORTED");
  }

  async function complete(user: string, known: Receiving): Promise<void> {
    const { upload } = known;
    const stored = (await hashOf(known)) ?? (await inspectStored(blobs, upload.ref, upload.size));
    // The upload is dropped so that its id can begin again. If another edge has finished it meanwhile, that edge may
    // have released the bytes, and the upload is complete.
    if (stored === undefined) {
      deps.usage.endUpload(upload.ref);
      if ((await dropUpload(store, blobs, user, upload)) === "finished") return;
      throw refuse("FILE_CORRUPT");
    }
    if (!stored.isPdf) await refuseType(user, known);
    const { sha256 } = stored;
    const { ref, text } = await settleBytes(deps, user, { sha256, ref: upload.ref });
    const [finished, [state]] = await Promise.all([
      finishUpload(store, user, upload.id, { sha256, ref, text, size: upload.size }),
      textState(store, [text]),
    ]);
    if (finished === "unknown") throw refuse("NOT_FOUND");
    deps.usage.endUpload(upload.ref);
    deps.quotas.stored(user, upload.size);
    try {
      const order = { trace: randomUUID(), isAsked: false };
      await Promise.all([
        (await isToBeExtracted(deps, text, state)) &&
          queueText(deps, user, { text, ref, sha256, size: upload.size }, order),
        dropNeedless(deps, user, { own: upload.ref, kept: ref, text, state }),
      ]);
    } catch (error) {
      deps.onTrouble(error); // an ask with this upload queues the extraction again; unused bytes expire
    }
  }

  return {
    async start(user, { upload, name: given, type, size }) {
      const name = cleanFileName(given);
      if (size > limits.fileBytes) {
        const message = `The file has ${size} bytes; ${limits.fileBytes} are allowed.`;
        throw refuse("PAYLOAD_TOO_LARGE", { reason: "file", message });
      }
      if (size === 0) throw refuse("FILE_TYPE_UNSUPPORTED", { message: "The file is empty." });
      const waitMs = startRate.take(user, Date.now());
      if (waitMs > 0) throw refuse("RATE_LIMITED", { retryAfterMs: waitMs });
      checkNew(user);
      const over = await deps.quotas.overByFile(user, size);
      // A file that was begun before may come to its end.
      if (over && !(await readUpload(store, user, upload))) throw dayQuotaExceeded(over);
      const shares = { maxBytes: maxUploadBytes, maxUserBytes, maxUnfinished: MAX_UNFINISHED };
      const begun = await beginUpload(store, user, { id: upload, name, type, size, ref: newRef(), ...shares });
      if (begun.kind === "conflict") throw refuse("ASK_CONFLICT", { message: "This upload id names another file." });
      if (begun.kind === "quota") throw quotaExceeded(begun.freeInMs);
      if (begun.kind === "busy") {
        // One of the user's uploads may also end before it expires.
        throw refuse("BUSY", { retryAfterMs: Math.min(begun.freeInMs ?? FULL_RETRY_MS, FULL_RETRY_MS) });
      }
      if (begun.room > 0) await countUpload(user, begun.upload);
      receivings.know(user, begun.upload, begun.room);
      return { upload, offset: begun.upload.offset, chunkBytes: limits.chunkBytes };
    },

    async chunk(user, chunk) {
      const { upload, bytes } = chunk;
      if (bytes.length > limits.chunkBytes) {
        throw refuse("PAYLOAD_TOO_LARGE", {
          reason: "frame",
          message: `A chunk has at most ${limits.chunkBytes} bytes.`,
        });
      }
      if (bytes.length === 0) throw refuse("BAD_MESSAGE", { reason: "schema", message: "The chunk is empty." });
      return uploadQueue.run({ user, upload, bytes: bytes.length }, () => put(user, chunk));
    },

    async abandon(user, id) {
      const known = await receivings.find(user, id);
      if (!known || known.upload.done) return false;
      await known.underway;
      receivings.forget(user, known);
      deps.usage.endUpload(known.upload.ref);
      return (await dropUpload(store, blobs, user, known.upload)) === "dropped";
    },

    async keep(user, { name, bytes, isKnown }) {
      checkNew(user, isKnown);
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const own = newRef();
      const most = bytes.length <= limits.inlineFileBytes ? maxBytes : maxUploadBytes;
      const reserved = await reserveBytes(store, user, { ref: own, size: bytes.length, maxUserBytes, maxBytes: most });
      if (reserved.kind === "quota") throw quotaExceeded(reserved.freeInMs);
      if (reserved.kind === "busy") throw refuse("BUSY", { retryAfterMs: FULL_RETRY_MS });
      deps.usage.stored(user, bytes.length);
      await writeChunks(blobs, own, bytes, limits.chunkBytes);
      const { ref, text } = await settleBytes(deps, user, { sha256, ref: own });
      const [state] = await textState(store, [text]);
      await dropNeedless(deps, user, { own, kept: ref, text, state });
      return { name, size: bytes.length, sha256, text, ref };
    },
  };
}

function unknownUpload(): Error {
  return refuse("NOT_FOUND", { message: "There is no such upload. Begin it again." });
}

function hole(expectedOffset: number): Error {
  return refuse("BAD_MESSAGE", {
    reason: "offset",
    expectedOffset,
    message: `The next byte to come is ${expectedOffset}.`,
  });
}
