import {
  beginUpload,
  confirmBytes,
  disclaimBytes,
  dropUpload,
  newRef,
  readUpload,
  releaseUnclaimed,
  reserveBytes,
  textState,
  userAddress,
  type AskFile,
  type UploadState,
} from "@docrelay/channel";
import { cleanFileName, refuse, type Limits, type UploadStart } from "@docrelay/protocol";
import { createHash } from "node:crypto";
import type { MemoryGate } from "../limits/memory-gate.ts";
import { quotaExceeded } from "../limits/quota-exceeded.ts";
import { createRateLimiter } from "../limits/rate-limit.ts";
import type { Usage } from "../limits/usage.ts";
import { dayQuotaExceeded, type Quotas } from "../quotas/quotas.ts";
import { completeUpload, type CompleteDeps } from "./complete-upload.ts";
import type { ExtractionDeps } from "./extraction.ts";
import { dropNeedless, settleBytes, textKeyOf, writeChunks } from "./pdf-bytes.ts";
import { receiveChunk, type Chunk, type ChunkAnswer, type ReceiveChunkDeps } from "./receive-chunk.ts";
import { createReceivings } from "./receiving.ts";
import { full, tooLarge } from "./refusals.ts";
import type { SharedSettings } from "./shared-settings.ts";
import type { UploadQueue } from "./upload-queue.ts";

/** Takes files from clients in chunks and stores them; each chunk of a file may come through another edge. */
export interface Uploads {
  /**
   * Begins an upload; for one that has begun, returns how far it is stored. Idempotent by user and id. If `size` is only
   * an upper bound, `counted` is the number of bytes that are compared with the quotas of the day; call `checkQuotas`
   * when there are more. @throws Refusal
   */
  start(
    user: string,
    input: UploadStart,
    counted?: number,
  ): Promise<{ upload: string; offset: number; chunkBytes: number }>;
  /** @throws Refusal `QUOTA_EXCEEDED` if a file of this many bytes exceeds a quota of the day */
  checkQuotas(user: string, bytes: number): Promise<void>;
  /**
   * Stores a chunk; the last one finishes the upload and queues its extraction. Idempotent: for a chunk sent again,
   * returns how far the upload is stored. If the upload was begun with only an upper bound of its size, the last chunk
   * has the real `size`. @throws Refusal `BAD_MESSAGE` with the reason `offset` if bytes before the chunk are missing,
   * `BUSY` after a wait.
   */
  chunk(user: string, input: Chunk): Promise<ChunkAnswer>;
  /** Removes an unfinished upload and its bytes; returns whether there was one. Idempotent; a finished upload stays. */
  abandon(user: string, upload: string): Promise<boolean>;
  /**
   * Stores a whole file that came with an ask; the caller has checked that it looks like a PDF, and counts its bytes
   * for the daily quota. `isKnown`: the ask may have been accepted before, so a pause of the intake does not refuse the
   * file.
   * @throws Refusal
   */
  keep(user: string, file: { name: string; bytes: Uint8Array; isKnown?: boolean }): Promise<AskFile>;
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

/** The share of `MAX_BLOB_BYTES` that uploads may use; the rest is for small files that come with an ask. */
const UPLOADS_PART = 7 / 8;
/** How many unfinished uploads one user may have: each reserves room for half a minute even if no byte comes. */
export const MAX_UNFINISHED = 64;
/** How many uploads one user may begin on one edge, per second and at once. */
const START_RATE = { perSecond: 10, burst: 100 };

export function createUploads(deps: UploadsDeps): Uploads {
  const { store, blobs, uploadQueue, limits, usage } = deps;
  const receivings = createReceivings(store);
  const startRate = createRateLimiter(START_RATE);
  const maxUploadBytes = Math.floor(deps.maxBytes * UPLOADS_PART);
  const { producer, networks, sharedSettings, quotas, onTrouble } = deps;
  const stores = { store, blobs, receivings, usage };
  const completing: CompleteDeps = { ...stores, producer, networks, sharedSettings, quotas, onTrouble };
  const receiving: ReceiveChunkDeps = {
    ...stores,
    maxUploadBytes,
    complete: (user, known) => completeUpload(completing, user, known),
  };

  return {
    async start(user, input, counted = input.size) {
      const file = { ...input, name: cleanFileName(input.name) };
      checkSize(file.size, limits);
      const waitMs = startRate.take(user, performance.now());
      if (waitMs > 0) throw refuse("RATE_LIMITED", { retryAfterMs: waitMs });
      usage.checkFiles(user);
      checkIntake(deps);
      const { upload, room } = await begin(deps, user, { ...file, counted }, maxUploadBytes);
      if (room > 0) await countUpload(deps, user, upload);
      receivings.know(user, upload, room);
      return { upload: upload.id, offset: upload.offset, chunkBytes: limits.chunkBytes };
    },
    async checkQuotas(user, bytes) {
      const over = await quotas.overByFile(user, bytes);
      if (over) throw dayQuotaExceeded(over);
    },
    async chunk(user, chunk) {
      const { upload, bytes } = chunk;
      if (bytes.length > limits.chunkBytes) {
        throw tooLarge("frame", `A chunk has at most ${limits.chunkBytes} bytes.`);
      }
      if (bytes.length === 0) throw refuse("BAD_MESSAGE", { reason: "schema", message: "The chunk is empty." });
      return uploadQueue.run({ user, upload, bytes: bytes.length }, () => receiveChunk(receiving, user, chunk));
    },
    async abandon(user, id) {
      const known = await receivings.find(user, id);
      if (!known || known.upload.done) return false;
      await known.underway;
      receivings.forget(user, known);
      usage.endUpload(known.upload.ref);
      return (await dropUpload(store, blobs, user, known.upload)) === "dropped";
    },
    async keep(user, { name, bytes, isKnown }) {
      if (!isKnown) checkIntake(deps);
      const isSmall = bytes.length <= limits.inlineFileBytes;
      return keepWhole(deps, user, { name, bytes }, isSmall ? deps.maxBytes : maxUploadBytes);
    },
  };
}

/** @throws Refusal if no file of this size is ever accepted */
function checkSize(size: number, limits: Limits): void {
  if (size > limits.fileBytes) {
    throw tooLarge("file", `The file has ${size} bytes; ${limits.fileBytes} are allowed.`);
  }
  if (size === 0) throw refuse("FILE_TYPE_UNSUPPORTED", { message: "The file is empty." });
}

/**
 * @throws Refusal if no new file is accepted now. Chunks are not checked here, so an upload that has begun may
 * continue.
 */
function checkIntake({ quotas, memoryGate }: Pick<UploadsDeps, "quotas" | "memoryGate">): void {
  if (quotas.isPaused) throw full({ reason: "paused" });
  if (memoryGate.full) throw full({ reason: "memory" });
}

/** Begins an upload, or finds the one with the same id. @throws Refusal */
async function begin(
  { store, quotas, maxUserBytes }: UploadsDeps,
  user: string,
  { upload: id, name, type, size, counted }: UploadStart & { counted: number },
  maxBytes: number,
): Promise<{ upload: UploadState; room: number }> {
  const over = await quotas.overByFile(user, counted);
  // An upload that was begun before the quota was used up may be completed.
  if (over && !(await readUpload(store, user, id))) throw dayQuotaExceeded(over);
  const file = { id, name, type, size, ref: newRef() };
  const begun = await beginUpload(store, user, { ...file, maxBytes, maxUserBytes, maxUnfinished: MAX_UNFINISHED });
  if (begun.kind === "conflict") throw refuse("ASK_CONFLICT", { message: "This upload id names another file." });
  if (begun.kind === "quota") throw quotaExceeded(begun.freeInMs);
  if (begun.kind === "busy") throw full({ freeInMs: begun.freeInMs });
  return begun;
}

/**
 * Counts an upload for the user's network and tenant. @throws Refusal if one of these has too many unfinished uploads;
 * then the upload is dropped.
 */
async function countUpload({ store, blobs, usage }: UploadsDeps, user: string, upload: UploadState): Promise<void> {
  try {
    usage.beginUpload(user, upload.ref);
  } catch (error) {
    await dropUpload(store, blobs, user, upload);
    throw error;
  }
}

/**
 * Stores a whole file that is in memory. After an error nothing of it stays: the file of an ask that is sent again and
 * again would otherwise take room each time. @throws Refusal if there is no room for it
 */
async function keepWhole(
  deps: UploadsDeps,
  user: string,
  { name, bytes }: { name: string; bytes: Uint8Array },
  maxBytes: number,
): Promise<AskFile> {
  const { store, blobs, sharedSettings } = deps;
  const size = bytes.length;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const text = await textKeyOf(sharedSettings, user, sha256);
  const own = newRef();
  try {
    const ref = await storeWhole(deps, user, { own, text, bytes }, maxBytes);
    deps.usage.stored(user, size);
    return { name, size, sha256, text, ref };
  } catch (error) {
    // If the copy cannot be removed either, its reservation and its bytes expire.
    await releaseUnclaimed(store, blobs, { ref: own, text, user: userAddress(user) }).catch(deps.onTrouble);
    throw error;
  }
}

/** Stores a whole file under the new ref `own`, and returns the ref of the kept copy of its bytes. @throws Refusal */
async function storeWhole(
  deps: UploadsDeps,
  user: string,
  { own, text, bytes }: { own: string; text: string; bytes: Uint8Array },
  maxBytes: number,
): Promise<string> {
  const { store, limits, maxUserBytes } = deps;
  const size = bytes.length;
  const reserved = await reserveBytes(store, user, { ref: own, size, maxUserBytes, maxBytes });
  if (reserved.kind === "quota") throw quotaExceeded(reserved.freeInMs);
  if (reserved.kind === "busy") throw full();
  await writeChunks(deps, own, bytes, limits.chunkBytes);
  const kept = await settleBytes(deps, user, { text, ref: own });
  const isCounted = kept !== own || (await confirmBytes(store, user, { ref: own, size }));
  const [state] = await textState(store, [text]);
  // If there is an outcome, the worker that stored it may have released the bytes.
  if (!isCounted && state === "missing") {
    await disclaimBytes(store, text, own);
    throw full();
  }
  await dropNeedless(deps, user, { own, kept, text, state });
  return kept;
}
