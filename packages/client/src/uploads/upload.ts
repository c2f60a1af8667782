import { backoff, CHUNKS_IN_FLIGHT } from "@docrelay/protocol";
import { newId } from "../id.ts";
import type { Link } from "../link/link.ts";
import { pause, within } from "../link/pause.ts";
import { RETRIES } from "../link/reconnect.ts";
import { RelayError, wireOf } from "../wire/relay-error.ts";

/** A file to upload: a `File`, or bytes with a name. */
export type FileInput = File | { readonly name: string; readonly type?: string; readonly bytes: Uint8Array | Blob };

export interface UploadOptions {
  /**
   * The id for the upload; default: a random one. If an earlier web page has begun to upload the same file with this
   * id, the upload continues where the server's part of it ends.
   */
  readonly upload?: string;
  readonly signal?: AbortSignal;
  /** Called with the number of bytes that the server has stored, and the size of the file. */
  onProgress?(sent: number, size: number): void;
}

/** The upload of one file, over all its tries. Each try continues where the server's part of the file ends. */
export interface Upload {
  readonly id: string;
  /** For each offset at which a chunk was sent: how many bytes the chunk had, and how many times it was sent. */
  readonly sent: Map<number, { size: number; times: number }>;
}

/** The upload fails when no byte was stored for this many ms. */
const STALLED_MS = 120_000;
/**
 * How many times a chunk is sent with its first size, before a further try may be smaller. An earlier connection may
 * still deliver an earlier try, and two different chunks must not arrive at one offset at the same time.
 */
const SAME_SIZE_TIMES = 2;

export function newUpload(id: string = newId()): Upload {
  return { id, sent: new Map() };
}

/**
 * Sends a file in chunks. At most 4 chunks are unacknowledged at a time; their number and size adapt to the speed of
 * the connection. After a broken connection or a temporary refusal, the upload continues where the server's part of the
 * file ends, through any edge. The upload fails when no byte was stored for 120 s.
 * @throws RelayError, or the signal's reason. Another call with the same `Upload` continues.
 */
export async function sendUpload(
  link: Link,
  file: FileInput,
  upload: Upload,
  { signal, onProgress }: UploadOptions = {},
): Promise<void> {
  const blob = blobOf(file);
  const begin = { upload: upload.id, name: file.name, type: file.type ?? "", size: blob.size };
  let storedAt = performance.now();
  let most = 0;
  const stored = (offset: number): void => {
    if (offset > most) storedAt = performance.now();
    most = Math.max(most, offset);
    onProgress?.(most, blob.size);
  };
  for (let tries = 0; ; tries++) {
    const leftMs = Math.max(1, storedAt + STALLED_MS - performance.now());
    const { offset, chunkBytes } = await link.call("upload:start", begin, {
      deadlineMs: leftMs,
      ...(signal ? { signal } : {}),
    });
    const before = most;
    try {
      return await sendFrom({ link, blob, upload, limit: chunkBytes, stored, signal }, offset);
    } catch (error) {
      if (most > before) tries = 0;
      const waitMs = retryAfterMs(error, tries);
      if (signal?.aborted || waitMs === undefined || performance.now() + waitMs > storedAt + STALLED_MS) throw error;
      await pause(waitMs, signal);
    }
  }
}

/** Returns how many ms to wait before a broken upload continues; undefined when the server has refused it for good. */
function retryAfterMs(error: unknown, tries: number): number | undefined {
  const { code, reason, retryable, retryAfterMs: asked = 0 } = wireOf(error);
  // The server has fewer bytes than were sent: chunks arrived in another order, another edge knows a lower offset, or
  // the upload has expired.
  const isBehind = code === "NOT_FOUND" || (code === "BAD_MESSAGE" && reason === "offset");
  if ((!retryable && !isBehind) || (code === "INTERNAL" && tries > 0)) return undefined;
  return Math.max(asked, backoff(tries, RETRIES, Math.random()));
}

function blobOf(file: FileInput): Blob {
  if (file instanceof Blob) return file;
  return file.bytes instanceof Blob ? file.bytes : new Blob([file.bytes.slice()]);
}

interface Sending {
  readonly link: Link;
  readonly blob: Blob;
  readonly upload: Upload;
  readonly limit: number;
  readonly signal: AbortSignal | undefined;
  stored(offset: number): void;
}

/**
 * Sends chunks over the current connection until an acknowledgement tells that the upload is complete. @throws the
 * first failure
 */
async function sendFrom(sending: Sending, offset: number): Promise<void> {
  const { blob, link, limit, signal } = sending;
  const flying = new Set<Promise<void>>();
  // If the server has all bytes but has not completed the upload, it completes the upload when it gets another chunk.
  // So the last byte is sent once more.
  let next = Math.min(offset, Math.max(0, blob.size - 1));
  let done = false;
  let failure: { error: unknown } | undefined;
  while (next < blob.size && !failure) {
    const from = next;
    const size = Math.min(sizeAt(sending, from, link.pace.chunkBytes(limit)), blob.size - from);
    const entry = await link.pace.enter(size, signal);
    if (failure) {
      entry.leave(false);
      break;
    }
    const flight = sendChunk(sending, from, size)
      .then(
        (isDone) => {
          entry.leave(true);
          done ||= isDone;
        },
        (error: unknown) => {
          entry.leave(false);
          failure ??= { error };
        },
      )
      .finally(() => flying.delete(flight));
    flying.add(flight);
    next += size;
    if (flying.size >= CHUNKS_IN_FLIGHT) await Promise.race(flying);
  }
  await Promise.all(flying);
  if (failure) throw failure.error;
  if (!done)
    throw new RelayError({ code: "FILE_CORRUPT", message: "The file did not arrive whole.", retryable: false });
}

async function sendChunk(
  { link, blob, upload, stored, signal }: Sending,
  from: number,
  size: number,
): Promise<boolean> {
  const bytes = new Uint8Array(await blob.slice(from, from + size).arrayBuffer());
  const { id, sent } = upload;
  sent.set(from, { size, times: (sent.get(from)?.times ?? 0) + 1 });
  const sending = link.once("upload:chunk", { upload: id, offset: from, bytes });
  const { offset, done } = await within(sending, STALLED_MS, signal);
  stored(offset);
  return done;
}

/**
 * Returns how many bytes the chunk at an offset should have. `size`: how many bytes a new chunk should have now. A
 * chunk that was sent before keeps its first size for {@link SAME_SIZE_TIMES} tries. After these it gets the smaller
 * one of its last size and `size`.
 */
function sizeAt({ upload }: Sending, offset: number, size: number): number {
  const before = upload.sent.get(offset);
  if (!before) return size;
  return before.times < SAME_SIZE_TIMES ? before.size : Math.min(before.size, size);
}
