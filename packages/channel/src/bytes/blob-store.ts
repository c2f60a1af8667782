import { randomBytes } from "node:crypto";
import type { Range } from "./slice.ts";

/**
 * Stores the bytes of uploads until their text is extracted. Any edge writes chunks, in any order and repeatedly;
 * readers read from the first byte to the last.
 */
export interface BlobStore {
  /**
   * Whether Redis executes a `write` before any command that is sent after it, so that callers need not wait for the
   * result of `write`. If the `write` fails, Redis still executes these commands.
   */
  readonly isInOrder: boolean;
  /**
   * Stores a chunk at its offset. Returns false when a chunk is stored there already. Stored bytes never change, so the
   * bytes that are read later are the bytes that were hashed.
   */
  write(ref: string, offset: number, bytes: Uint8Array): Promise<boolean>;
  /**
   * Returns the number of a blob's stored chunks. Stores that would have to read the chunks to count them do not have
   * this method.
   */
  count?(ref: string): Promise<number>;
  /**
   * Yields the bytes in order: all of them, or those of `range`. Each chunk must begin where the one before ends; other
   * chunks are ignored. May read a few MiB ahead.
   * @throws ChannelError `hole` when a chunk before the end of the range is missing.
   */
  read(ref: string, range?: Range): AsyncIterable<Uint8Array>;
  exists(ref: string): Promise<boolean>;
  /** Removes a blob. Idempotent. */
  remove(ref: string): Promise<void>;
  /** Keeps a blob's bytes for `keepMs` from now. Returns false when the blob has no bytes. */
  renew(ref: string, keepMs: number): Promise<boolean>;
  /** Removes expired blobs, in stores where they do not expire by themselves. Returns the number of removed blobs. */
  sweep(): Promise<number>;
}

/** After this many ms without a new chunk, an upload expires. */
export const IDLE_UPLOAD_MS = 600_000;
/** An upload expires if its first chunk does not arrive within this many ms. */
export const FIRST_CHUNK_MS = 30_000;

/**
 * Bytes are kept this many ms longer than the state that refers to them, because a step that has just read the state
 * may still read the bytes.
 */
export const SWEEP_GRACE_MS = 60_000;

/** Makes a random name for a blob. */
export const newRef = (): string => randomBytes(16).toString("base64url");
/** Whether `name` has the form that `newRef` returns. */
export const isRef = (name: string): boolean => /^[\w-]{21}[AQgw]$/.test(name);
