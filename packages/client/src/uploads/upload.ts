import { CHUNKS_IN_FLIGHT } from "@docrelay/protocol";
import { newId } from "../id.ts";
import type { Link } from "../link/link.ts";
import { RelayError } from "../wire/relay-error.ts";

/** A file to upload: a `File`, or bytes with a name. */
export type FileInput = File | { readonly name: string; readonly type?: string; readonly bytes: Uint8Array | Blob };

export interface UploadOptions {
  readonly signal?: AbortSignal;
  /** Bytes stored so far, of `size`. */
  onProgress?(sent: number, size: number): void;
}

const UPLOAD_MS = 120_000;
const REWINDS = 100;

/**
 * Uploads a file in chunks, at most 4 unacknowledged. Each call is repeated for up to 120 s; after a broken connection
 * the upload continues at the server's offset, on any edge.
 * @returns the upload's id, to be named by asks. @throws RelayError, or the signal's reason.
 */
export async function upload(link: Link, file: FileInput, options: UploadOptions = {}): Promise<string> {
  const blob = blobOf(file);
  const id = newId();
  const { signal, onProgress } = options;
  const retry = { deadlineMs: UPLOAD_MS, ...(signal ? { signal } : {}) };
  const begin = { upload: id, name: file.name, type: file.type ?? "", size: blob.size };
  const { offset, chunkBytes } = await link.call("upload:start", begin, retry);
  await sendChunks({ offset, size: blob.size, chunkBytes }, async (from) => {
    const bytes = new Uint8Array(await blob.slice(from, from + chunkBytes).arrayBuffer());
    const ack = await link.call("upload:chunk", { upload: id, offset: from, bytes }, retry);
    onProgress?.(ack.offset, blob.size);
    return ack.done;
  });
  return id;
}

function blobOf(file: FileInput): Blob {
  if (file instanceof Blob) return file;
  return file.bytes instanceof Blob ? file.bytes : new Blob([file.bytes.slice()]);
}

/** Sends chunks from `offset` to `size` until one says that the upload is done. `send` gets each chunk's offset. */
async function sendChunks(
  { offset, size, chunkBytes }: { offset: number; size: number; chunkBytes: number },
  send: (offset: number) => Promise<boolean>,
): Promise<void> {
  const flying = new Set<Promise<void>>();
  let next = offset;
  let done = false;
  let failure: { error: unknown } | undefined;
  /** Where the server wants to go on; no chunk is sent until those on their way are answered. */
  let rewindTo: number | undefined;

  async function fly(from: number): Promise<void> {
    try {
      if (await send(from)) done = true;
    } catch (error) {
      const expected = expectedOffset(error);
      if (expected === undefined) failure ??= { error };
      else rewindTo = Math.min(rewindTo ?? expected, expected);
    }
  }
  for (let rewinds = 0; rewinds <= REWINDS && !done && !failure;) {
    while (next < size && flying.size < CHUNKS_IN_FLIGHT && rewindTo === undefined) {
      const flight = fly(next).finally(() => flying.delete(flight));
      flying.add(flight);
      next += chunkBytes;
    }
    if (flying.size > 0) await Promise.race(flying);
    else if (rewindTo === undefined) break;
    else {
      // The server has less than was sent: chunks overtook each other over a reconnect.
      next = rewindTo;
      rewindTo = undefined;
      rewinds++;
    }
  }
  await Promise.all(flying);
  if (failure) throw failure.error;
  if (!done)
    throw new RelayError({ code: "FILE_CORRUPT", message: "The file did not arrive whole.", retryable: false });
}

/** The offset that the server wants instead of the chunk's, when it refused the chunk for that. */
function expectedOffset(error: unknown): number | undefined {
  return error instanceof RelayError && error.wire.reason === "offset" ? error.wire.expectedOffset : undefined;
}
