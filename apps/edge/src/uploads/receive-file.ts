import { CHUNKS_IN_FLIGHT, refuse, type Limits } from "@docrelay/protocol";
import { setTimeout as sleep } from "node:timers/promises";
import type { Pace } from "../limits/pace.ts";
import { toFailure } from "../report/failure.ts";
import { patiently } from "../report/patiently.ts";
import type { UploadQueue } from "./upload-queue.ts";
import type { Chunk } from "./receive-chunk.ts";
import { tooLarge } from "./refusals.ts";
import type { Uploads } from "./uploads.ts";

/** A file whose bytes arrive over HTTP. */
export interface ArrivingFile {
  readonly upload: string;
  readonly name: string;
  readonly type: string;
  readonly body: AsyncIterable<Uint8Array>;
  /** How many bytes the file may have at most: as many as may still come in the request. */
  readonly atMost: number;
  /** The size of the file; undefined if it is known only when all bytes have arrived. */
  readonly size?: number | undefined;
}

export interface ReceiveDeps {
  readonly uploads: Uploads;
  readonly uploadQueue: Pick<UploadQueue, "whenRoom">;
  readonly pace: Pick<Pace, "nameOf" | "received">;
  readonly limits: Pick<Limits, "chunkBytes" | "fileBytes">;
}

/**
 * For how long refused chunks of a file are sent again, in ms: a last chunk that comes too soon after other files of
 * the network is refused with `BUSY`. `MIN_WAIT_MS`: the shortest pause between two tries.
 */
const MAX_WAIT_MS = 20_000;
const MIN_WAIT_MS = 50;

/** A chunk that was sent to the store; `stored` settles with the outcome. */
interface Sent {
  readonly chunk: Chunk;
  readonly stored: Promise<unknown>;
}

/**
 * Stores a file as a finished upload, in chunks, while its bytes arrive. The body is read no faster than chunks are
 * stored, so that only a few chunks of it are in memory. If the file does not arrive whole, the upload is removed.
 * @throws Refusal; the reason of `signal`; errors of `body`.
 */
export async function receiveFile(
  deps: ReceiveDeps,
  user: string,
  file: ArrivingFile,
  signal: AbortSignal,
): Promise<void> {
  const { uploads, uploadQueue, pace, limits } = deps;
  const { upload, name, type } = file;
  const again = <T>(step: () => Promise<T>): Promise<T> => patiently(step, () => signal.aborted);
  let sent: Sent[] = [];
  let begun = false;

  async function send(chunk: Chunk): Promise<void> {
    const counted = file.size ?? chunk.offset + chunk.bytes.length;
    if (!begun) {
      const size = chunk.size ?? Math.min(file.atMost, limits.fileBytes);
      await again(() => uploads.start(user, { upload, name, type, size }, counted));
      begun = true;
    } else if (file.size === undefined) await again(() => uploads.checkQuotas(user, counted));
    if (sent.length >= CHUNKS_IN_FLIGHT) await settle(1);
    await whenRoom(uploadQueue, signal);
    const pauseMs = pace.received(pace.nameOf(user), chunk.bytes.length);
    if (pauseMs > 0) await sleep(pauseMs, undefined, { signal });
    const stored = uploads.chunk(user, chunk);
    stored.catch(() => undefined); // `settle` handles the error
    sent.push({ chunk, stored });
  }

  /**
   * Waits until the first `count` sent chunks are stored. If the store did not respond, or the last chunk came too soon
   * after other files of the network, sends all unstored ones again.
   */
  async function settle(count: number): Promise<void> {
    try {
      for (const { stored } of sent.slice(0, count)) await stored;
      sent = sent.slice(count);
    } catch (error) {
      if (!mayRepeat(error)) throw error;
      await Promise.allSettled(sent.map(({ stored }) => stored));
      const end = performance.now() + MAX_WAIT_MS;
      for (const { chunk } of sent) await untilAccepted(() => again(() => uploads.chunk(user, chunk)), { end, signal });
      sent = [];
    }
  }

  try {
    // One chunk is always held back, because the last one is sent with the file's size, which is known only at the end.
    let held: Chunk | undefined;
    let received = 0;
    for await (const bytes of inChunks(file.body, limits.chunkBytes)) {
      signal.throwIfAborted();
      if (held) await send(held);
      held = { upload, offset: received, bytes };
      received += bytes.length;
      if (received > limits.fileBytes) {
        throw tooLarge("file", `The file has more than ${limits.fileBytes} bytes.`);
      }
    }
    signal.throwIfAborted();
    if (!held) throw refuse("FILE_TYPE_UNSUPPORTED", { message: "The file is empty." });
    await send({ ...held, size: received });
    await settle(sent.length);
  } catch (error) {
    await Promise.allSettled(sent.map(({ stored }) => stored));
    if (begun) await uploads.abandon(user, upload).catch(() => undefined); // if this fails, the upload expires
    throw error;
  }
}

/** Whether a chunk may be sent again: the store did not respond, or the chunk was refused with `BUSY`. */
function mayRepeat(error: unknown): boolean {
  const { severity, wire } = toFailure(error);
  return severity === "store" || wire.code === "BUSY";
}

/**
 * Runs a step again while it is refused with `BUSY`, after the time that the refusal names, until `end` (`performance.now()`).
 * @throws other errors of the step; the last refusal; the reason of `signal`.
 */
async function untilAccepted(
  step: () => Promise<unknown>,
  { end, signal }: { readonly end: number; readonly signal: AbortSignal },
): Promise<void> {
  for (;;) {
    try {
      return void (await step());
    } catch (error) {
      const { code, retryAfterMs = 0 } = toFailure(error).wire;
      if (code !== "BUSY" || performance.now() + retryAfterMs > end) throw error;
      await sleep(Math.max(MIN_WAIT_MS, retryAfterMs), undefined, { signal });
    }
  }
}

/** Waits until the upload queue accepts more bytes. @throws the reason of `signal` */
function whenRoom(queue: ReceiveDeps["uploadQueue"], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    queue.whenRoom(() => {
      signal.removeEventListener("abort", abort);
      resolve();
    });
  });
}

/** Yields the bytes of `body` in chunks of `size` bytes; the last one may be shorter. */
async function* inChunks(body: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  for await (let part of body) {
    while (bytes + part.length >= size) {
      yield Buffer.concat([...parts, part.subarray(0, size - bytes)]);
      part = part.subarray(size - bytes);
      [parts, bytes] = [[], 0];
    }
    if (part.length > 0) parts.push(part);
    bytes += part.length;
  }
  if (bytes > 0) yield Buffer.concat(parts);
}
