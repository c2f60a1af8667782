import {
  beginUpload,
  dropUpload,
  finishUpload,
  newRef,
  readUpload,
  reserveBytes,
  storeChunk,
  type AskFile,
  type UploadState,
} from "@docrelay/channel";
import { checkFileName, refuse, type Limits, type UploadStart } from "@docrelay/protocol";
import { createHash, randomUUID } from "node:crypto";
import { dropNeedless, HEAD_BYTES, inspectStored, looksLikePdf, settleBytes } from "./pdf-bytes.ts";
import type { SharedSettings } from "./shared-settings.ts";
import { orderText, type ExtractionDeps } from "./extraction.ts";
import type { UploadQueue } from "./upload-queue.ts";

/** Uploads from clients into the blob store, in chunks; each chunk may go through any edge. */
export interface Uploads {
  /** Begins an upload, or returns the offset of a known one. Idempotent by user and id. @throws Refusal */
  start(user: string, input: UploadStart): Promise<{ upload: string; offset: number; chunkBytes: number }>;
  /**
   * Stores a chunk; the last one completes the upload and queues its extraction. Idempotent: a chunk sent again returns
   * the upload's offset. @throws Refusal `BAD_MESSAGE` reason `offset` for a hole, `BUSY` after a wait.
   */
  chunk(
    user: string,
    input: { upload: string; offset: number; bytes: Uint8Array },
  ): Promise<{ offset: number; done: boolean }>;
  /** Stores the complete bytes of a file that looks like a PDF. @throws Refusal */
  keep(user: string, file: { name: string; bytes: Uint8Array }): Promise<AskFile>;
}

export interface UploadsDeps extends ExtractionDeps {
  readonly sharedSettings: SharedSettings;
  readonly uploadQueue: UploadQueue;
  readonly limits: Limits;
  readonly maxUserBytes: number;
  readonly maxBytes: number;
  onTrouble(error: unknown): void;
}

const RETRY_MS = 1000;

export function createUploads(deps: UploadsDeps): Uploads {
  const { store, blobs, uploadQueue, limits } = deps;
  const shares = { maxUserBytes: deps.maxUserBytes, maxBytes: deps.maxBytes };

  /** Stores a chunk's bytes first, then the upload's offset, which must never be ahead of the stored bytes. */
  async function put(
    user: string,
    id: string,
    offset: number,
    bytes: Uint8Array,
  ): Promise<{ offset: number; done: boolean }> {
    const upload = await readUpload(store, user, id);
    if (!upload) throw refuse("NOT_FOUND", { message: "There is no such upload. Begin it again." });
    if (upload.done) return { offset: upload.size, done: true };
    if (offset > upload.offset) throw hole(upload.offset);
    if (offset + bytes.length > upload.size) {
      throw refuse("FILE_CORRUPT", { message: "There are more bytes than the upload was begun with." });
    }
    // Checked as soon as enough bytes are there; after a smaller first chunk, when the last one has arrived.
    const isCheckable = offset === 0 && bytes.length >= Math.min(HEAD_BYTES, upload.size);
    if (isCheckable && !looksLikePdf(bytes)) await refuseType(user, upload);
    let at = upload.offset;
    if (offset === at) {
      const advanced = await storeChunk(store, blobs, user, { upload, offset, bytes });
      if (advanced.kind === "unknown")
        throw refuse("NOT_FOUND", { message: "There is no such upload. Begin it again." });
      if (advanced.kind === "hole") throw hole(advanced.expectedOffset);
      at = advanced.offset;
    }
    // Also for a last chunk sent again: the edge that stored it may have died before it completed the upload.
    if (at < upload.size) return { offset: at, done: false };
    await complete(user, upload);
    return { offset: upload.size, done: true };
  }

  async function refuseType(user: string, upload: UploadState): Promise<never> {
    await dropUpload(store, blobs, user, upload);
    throw refuse("FILE_TYPE_UNSUPPORTED");
  }

  async function complete(user: string, upload: UploadState): Promise<void> {
    const stored = await inspectStored(blobs, upload.ref, upload.size);
    // The upload is dropped so that its id can begin again. If another edge has finished it meanwhile, that edge may
    // have released the bytes, and the upload is complete.
    if (stored === undefined) {
      if ((await dropUpload(store, blobs, user, upload)) === "finished") return;
      throw refuse("FILE_CORRUPT");
    }
    if (!stored.isPdf) await refuseType(user, upload);
    const { sha256 } = stored;
    const { ref, text } = await settleBytes(deps, sha256, upload.ref);
    if ((await finishUpload(store, user, upload.id, { sha256, ref, text })) === "unknown") throw refuse("NOT_FOUND");
    try {
      await orderText(deps, user, { text, ref, sha256, size: upload.size }, randomUUID());
      await dropNeedless(deps, user, { own: upload.ref, kept: ref, text, sha256 });
    } catch (error) {
      deps.onTrouble(error); // an ask with this upload queues the extraction again; unused bytes expire
    }
  }

  return {
    async start(user, { upload, name, type, size }) {
      checkFileName(name);
      if (size > limits.fileBytes) {
        const message = `The file has ${size} bytes; ${limits.fileBytes} are allowed.`;
        throw refuse("PAYLOAD_TOO_LARGE", { reason: "file", message });
      }
      if (size === 0) throw refuse("FILE_TYPE_UNSUPPORTED", { message: "The file is empty." });
      const begun = await beginUpload(store, user, { id: upload, name, type, size, ref: newRef(), ...shares });
      if (begun.kind === "conflict") throw refuse("ASK_CONFLICT", { message: "This upload id names another file." });
      if (begun.kind === "quota") throw refuse("QUOTA_EXCEEDED", { retryAfterMs: RETRY_MS });
      if (begun.kind === "busy") throw refuse("BUSY", { retryAfterMs: RETRY_MS });
      return { upload, offset: begun.upload.offset, chunkBytes: limits.chunkBytes };
    },

    async chunk(user, { upload, offset, bytes }) {
      if (bytes.length > limits.chunkBytes) {
        throw refuse("PAYLOAD_TOO_LARGE", {
          reason: "frame",
          message: `A chunk has at most ${limits.chunkBytes} bytes.`,
        });
      }
      if (bytes.length === 0) throw refuse("BAD_MESSAGE", { reason: "schema", message: "The chunk is empty." });
      return uploadQueue.run({ user, upload, bytes: bytes.length }, () => put(user, upload, offset, bytes));
    },

    async keep(user, { name, bytes }) {
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const own = newRef();
      const reserved = await reserveBytes(store, user, { ref: own, size: bytes.length, ...shares });
      if (reserved === "quota") throw refuse("QUOTA_EXCEEDED", { retryAfterMs: RETRY_MS });
      if (reserved === "busy") throw refuse("BUSY", { retryAfterMs: RETRY_MS });
      for (let at = 0; at < bytes.length; at += limits.chunkBytes) {
        await blobs.write(own, at, bytes.subarray(at, at + limits.chunkBytes));
      }
      const { ref, text } = await settleBytes(deps, sha256, own);
      await dropNeedless(deps, user, { own, kept: ref, text, sha256 });
      return { name, size: bytes.length, sha256, text, ref };
    },
  };
}

function hole(expectedOffset: number): Error {
  return refuse("BAD_MESSAGE", {
    reason: "offset",
    expectedOffset,
    message: `The next byte to come is ${expectedOffset}.`,
  });
}
