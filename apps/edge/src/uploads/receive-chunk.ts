import { growRoom, IDLE_UPLOAD_MS, roomFor, storeChunk, type BlobStore, type Store } from "@docrelay/channel";
import { refuse } from "@docrelay/protocol";
import type { Usage } from "../limits/usage.ts";
import { refuseType } from "./complete-upload.ts";
import { HEAD_BYTES, looksLikePdf } from "./pdf-bytes.ts";
import type { Receiving, Receivings } from "./receiving.ts";
import { full, hole, unknownUpload } from "./refusals.ts";

export interface Chunk {
  readonly upload: string;
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly size?: number | undefined;
}

/** The response to a chunk: up to which offset the upload is stored, and whether it is complete. */
export interface ChunkAnswer {
  readonly offset: number;
  readonly done: boolean;
}

export interface ReceiveChunkDeps {
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly receivings: Receivings;
  readonly usage: Pick<Usage, "checkBytes" | "checkExtractions" | "stored" | "renewUpload" | "endUpload">;
  /** How many bytes the uploads of all users together may have. */
  readonly maxUploadBytes: number;
  /** Finishes an upload whose last byte is stored. */
  complete(user: string, known: Receiving): Promise<void>;
}

const RETRY_MS = 1000;
/**
 * The bytes of an upload are counted for the user's network and tenant each time this many more have come, and at its
 * end.
 */
const COUNTED_BYTES = 262_144;
/**
 * For one chunk, the state of its upload is looked up at most this often. Each copy of the chunk that comes at the same
 * time costs one more look.
 */
const MAX_LOOKS = 8;

/**
 * Stores a chunk if it is the next one of its upload; acknowledges a chunk that is stored already. If the chunk's
 * offset does not fit what this edge knows of the upload, it reads the stored state. @throws Refusal
 */
export async function receiveChunk(deps: ReceiveChunkDeps, user: string, chunk: Chunk): Promise<ChunkAnswer> {
  const { receivings } = deps;
  const { upload: id, offset, bytes, size } = chunk;
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    const known = await receivings.find(user, id);
    if (!known) throw unknownUpload();
    if (size !== undefined && size < known.upload.size) known.upload = { ...known.upload, size };
    const { upload, next, stored } = known;
    if (upload.done) return { offset: upload.size, done: true };
    if (offset === next) return storeNext(deps, user, known, bytes);
    if (offset < stored) return reached(deps, user, known, stored);
    if (offset > next && looks > 0) throw hole(next);
    // Another edge may have stored more chunks, or this edge is storing the same chunk already. So the next round reads
    // the state of the upload from Redis again, and compares the chunk with it.
    await known.underway;
    receivings.forget(user, known);
  }
  throw refuse("BUSY", { retryAfterMs: RETRY_MS });
}

/** Checks the next chunk of an upload, counts the chunk's bytes and stores it. */
async function storeNext(
  deps: ReceiveChunkDeps,
  user: string,
  known: Receiving,
  bytes: Uint8Array,
): Promise<ChunkAnswer> {
  const { upload, next: offset } = known;
  const end = offset + bytes.length;
  if (end > upload.size) {
    throw refuse("FILE_CORRUPT", { message: "There are more bytes than the upload was begun with." });
  }
  if (offset === 0 && !mayBePdf(known, bytes)) await refuseType(deps, user, known);
  const uncounted = end - known.charged;
  const counts = end === upload.size || uncounted >= COUNTED_BYTES;
  if (counts) deps.usage.checkBytes(user);
  if (end === upload.size) deps.usage.checkExtractions(user);
  const storing = sendChunk(deps, user, known, bytes);
  if (counts) {
    deps.usage.stored(user, uncounted);
    known.charged += uncounted;
  }
  known.hash?.update(bytes);
  try {
    return await answerFor(deps, user, known, await storing);
  } catch (error) {
    deps.receivings.forget(user, known);
    throw error;
  }
}

/**
 * Returns false if the first chunk shows that the file is no PDF. If the first chunk is too small to tell, returns true
 * and drops the hash: then `completeUpload` reads the stored bytes and checks the type.
 */
function mayBePdf(known: Receiving, firstBytes: Uint8Array): boolean {
  const isCheckable = firstBytes.length >= Math.min(HEAD_BYTES, known.upload.size);
  if (!isCheckable) known.hash = undefined;
  return !isCheckable || looksLikePdf(firstBytes);
}

/** Sends a chunk to the store without waiting for earlier ones; the store handles chunks in the order of sending. */
function sendChunk(
  deps: ReceiveChunkDeps,
  user: string,
  known: Receiving,
  bytes: Uint8Array,
): ReturnType<typeof storeChunk> {
  const { store, blobs, maxUploadBytes: maxBytes } = deps;
  const { upload, next: offset, underway: earlier } = known;
  known.next += bytes.length;
  known.chunks++;
  const isLast = known.next === upload.size;
  const storing = whenRoom(deps, known, () => {
    const stored = storeChunk(store, blobs, user, { upload, offset, bytes, maxBytes, earlier });
    // If the blob store cannot count chunks, or the count fails, `completeUpload` reads the stored bytes instead.
    if (isLast) known.counted = blobs.count?.(upload.ref).catch(() => undefined);
    return stored;
  });
  known.underway = storing.catch(() => undefined); // `storeNext` throws the error
  return storing;
}

/**
 * Calls `send` for a chunk when room is reserved for its bytes, so that a full store is sent no bytes. Chunks are sent
 * in order. Mostly an earlier chunk has reserved the room, and the chunk is sent at once.
 */
function whenRoom<T>(deps: ReceiveChunkDeps, known: Receiving, send: () => Promise<T>): Promise<T> {
  const { next, room, waiting } = known;
  if (next <= room && !waiting) return send();
  const ready = Promise.all([next > room ? askRoom(deps, known, next) : undefined, waiting]);
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

async function askRoom({ store, maxUploadBytes }: ReceiveChunkDeps, known: Receiving, offset: number): Promise<void> {
  const { ref, size } = known.upload;
  const wanted = { ref, room: roomFor(size, offset), maxBytes: maxUploadBytes, keepMs: IDLE_UPLOAD_MS };
  const grown = await growRoom(store, wanted);
  if (grown.kind === "gone") throw unknownUpload();
  known.room = Math.max(known.room, grown.room);
  if (offset > known.room) throw full();
}

/**
 * Handles the store's result for a chunk: updates `known`, and returns the response to the client. @throws Refusal if
 * there is no such upload, or if bytes before the chunk are missing
 */
async function answerFor(
  deps: ReceiveChunkDeps,
  user: string,
  known: Receiving,
  { isNew, room, ...advanced }: Awaited<ReturnType<typeof storeChunk>>,
): Promise<ChunkAnswer> {
  known.room = Math.max(known.room, room);
  if (!isNew) known.hash = undefined;
  if (advanced.kind === "unknown") throw unknownUpload();
  if (advanced.kind === "hole") throw hole(advanced.expectedOffset);
  known.stored = Math.max(known.stored, advanced.offset);
  deps.usage.renewUpload(user, known.upload.ref);
  if (advanced.kind === "repeated") deps.receivings.forget(user, known);
  return reached(deps, user, known, advanced.offset);
}

/** Returns the response for an upload that is stored up to `offset`; finishes the upload if that is its end. */
async function reached(deps: ReceiveChunkDeps, user: string, known: Receiving, offset: number): Promise<ChunkAnswer> {
  const { size } = known.upload;
  if (offset < size) return { offset, done: false };
  // The upload is finished also when its last chunk was stored before: the edge that stored that chunk may have died
  // before it finished the upload.
  await (known.ending ??= deps.complete(user, known).finally(() => deps.receivings.forget(user, known)));
  return { offset: size, done: true };
}
