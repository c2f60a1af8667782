import { CHUNKS_IN_FLIGHT, type WireError } from "@docrelay/protocol";
import { newId } from "./id.ts";
import type { Link } from "./link.ts";
import { RelayError } from "./relay-error.ts";

/** A file to be sent: a `File`, or bytes with a name. */
export type FileInput = File | { readonly name: string; readonly type?: string; readonly bytes: Uint8Array | Blob };

export interface UploadOptions {
  readonly signal?: AbortSignal;
  /** Bytes stored so far, of so many. */
  onProgress?(sent: number, size: number): void;
}

const UPLOAD_MS = 120_000;
const REWINDS = 100;

/**
 * Sends a file in chunks, at most 4 on their way; a broken connection goes on from where the server is, on any edge.
 * @returns the upload's id, to be named by asks. @throws RelayError, or the signal's reason.
 */
export async function upload(link: Link, file: FileInput, options: UploadOptions = {}): Promise<string> {
  const blob = file instanceof Blob ? file : file.bytes instanceof Blob ? file.bytes : new Blob([file.bytes.slice()]);
  const id = newId();
  const { signal } = options;
  const retry = { deadlineMs: UPLOAD_MS, ...(signal ? { signal } : {}) };
  const begin = { upload: id, name: file.name, type: file.type ?? "", size: blob.size };
  const started = await link.call<{ offset: number; chunkBytes: number }>("upload:start", begin, retry);
  let next = started.offset;
  let done = false;
  let rewinds = 0;
  const flying = new Set<Promise<void>>();
  let failure: unknown;
  let expected: number | undefined;

  const send = async (offset: number): Promise<void> => {
    try {
      const bytes = new Uint8Array(await blob.slice(offset, offset + started.chunkBytes).arrayBuffer());
      const ack = await link.call<{ offset: number; done: boolean }>(
        "upload:chunk",
        { upload: id, offset, bytes },
        retry,
      );
      done ||= ack.done;
      options.onProgress?.(ack.offset, blob.size);
    } catch (error) {
      const wire: (WireError & { expectedOffset?: number | undefined }) | undefined =
        error instanceof RelayError ? error.wire : undefined;
      if (wire?.reason === "offset" && wire.expectedOffset !== undefined)
        expected = Math.min(expected ?? wire.expectedOffset, wire.expectedOffset);
      else failure ??= error;
    }
  };

  while (!done && failure === undefined) {
    while (next < blob.size && flying.size < CHUNKS_IN_FLIGHT && expected === undefined) {
      const flight = send(next).finally(() => flying.delete(flight));
      flying.add(flight);
      next += started.chunkBytes;
    }
    if (flying.size > 0) {
      await Promise.race(flying);
      continue;
    }
    if (expected === undefined && next >= blob.size && !done) break;
    // The server has less than was sent: chunks overtook each other over a reconnect.
    if (++rewinds > REWINDS) break;
    next = expected ?? next;
    expected = undefined;
  }
  await Promise.all(flying);
  if (failure !== undefined) throw failure;
  if (!done)
    throw new RelayError({ code: "FILE_CORRUPT", message: "The file did not arrive whole.", retryable: false });
  return id;
}
