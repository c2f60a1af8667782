import { randomBytes } from "node:crypto";

/**
 * Where the bytes of uploads lie until they are extracted. They come in chunks, in any order and more than once, from
 * any edge; they are read from the first to the last.
 */
export interface BlobStore {
  /** Stores a chunk at its offset. The same chunk again changes nothing. */
  write(ref: string, offset: number, bytes: Uint8Array): Promise<void>;
  /** The bytes in order. @throws ChannelError `hole` when a chunk is missing, or chunks overlap. */
  read(ref: string): AsyncIterable<Uint8Array>;
  exists(ref: string): Promise<boolean>;
  /** Idempotent. */
  remove(ref: string): Promise<void>;
  /** Keeps the bytes for `keepMs` from now; false when there are none. */
  renew(ref: string, keepMs: number): Promise<boolean>;
  /** Removes what has outlived its time, for stores that do not do it by themselves; answers how many. */
  sweep(): Promise<number>;
}

/** An upload that nobody goes on with is gone after this. */
export const IDLE_UPLOAD_MS = 600_000;

/** Bytes outlive what refers to them by this: a step that found them may still be on its way. */
export const SWEEP_GRACE_MS = 60_000;

/** A random name for a blob. */
export const newRef = (): string => randomBytes(16).toString("base64url");
/** Whether `name` is one that `newRef` may give. */
export const isRef = (name: string): boolean => /^[\w-]{21}[AQgw]$/.test(name);
