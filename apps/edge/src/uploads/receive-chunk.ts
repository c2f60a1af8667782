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

/** The offset up to which an upload is stored, and whether the upload is complete. */
export interface ChunkAnswer {
  readonly offset: number;
  readonly done: boolean;
}

export interface ReceiveChunkDeps {
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly receivings: Receivings;
  readonly usage: Pick<Usage, "checkBytes" | "stored" | "renewUpload" | "endUpload">;
  /** Most bytes of the uploads of all users. */
  readonly maxUploadBytes: number;
  /** Ends an upload whose last byte is stored. */
  complete(user: string, known: Receiving): Promise<void>;
}

const RETRY_MS = 1000;
/** The bytes of an upload are counted for its user's groups in steps of this many. */
const COUNTED_BYTES = 262_144;
/** Most lookups for one chunk: each copy of the chunk that is sent at the same time may cause one more. */
const MAX_LOOKS = 8;

/**
 * Finds the place of a chunk, and stores the chunk if it is the next one. If the place does not fit what this edge
 * knows of the upload, the stored state is read once. @throws Refusal
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
    // Another edge may have stored more, or the same chunk is being stored already.
    await known.underway;
    receivings.forget(user, known);
  }
  throw refuse("BUSY", { retryAfterMs: RETRY_MS });
}

/** Checks the next chunk, counts its bytes and stores it. */
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
 * The type is checked when enough bytes have arrived: with the first chunk, or if that is too small, with the last one.
 */
function mayBePdf(known: Receiving, firstBytes: Uint8Array): boolean {
  const isCheckable = firstBytes.length >= Math.min(HEAD_BYTES, known.upload.size);
  if (!isCheckable) known.hash = undefined;
  return !isCheckable || looksLikePdf(firstBytes);
}

/** Sends a chunk to the store without waiting for earlier chunks; the store counts chunks in the order of sending. */
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
    // If the count is missing or fails, the stored bytes are read instead.
    if (isLast) known.counted = blobs.count?.(upload.ref).catch(() => undefined);
    return stored;
  });
  known.underway = storing.catch(() => undefined); // `storeNext` throws the error
  return storing;
}

/**
 * Sends a chunk when the store has room for it, so that a full store receives no bytes; chunks are sent in order.
 * Mostly an earlier chunk has reserved the room, and the chunk is sent at once.
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

/** Updates what is known of the upload by the store's result for a chunk. @throws Refusal when the store has no room */
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
  deps.usage.renewUpload(known.upload.ref);
  if (advanced.kind === "repeated") deps.receivings.forget(user, known);
  return reached(deps, user, known, advanced.offset);
}

/** The answer for an upload that is stored up to `offset`. */
async function reached(deps: ReceiveChunkDeps, user: string, known: Receiving, offset: number): Promise<ChunkAnswer> {
  const { size } = known.upload;
  if (offset < size) return { offset, done: false };
  // Also for a last chunk sent again: the edge that stored it may have died before it completed the upload.
  await (known.ending ??= deps.complete(user, known).finally(() => deps.receivings.forget(user, known)));
  return { offset: size, done: true };
}
