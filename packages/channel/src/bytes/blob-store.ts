import { randomBytes } from "node:crypto";
import type { Range } from "./slice.ts";

/**
 * Where the bytes of uploads lie until they are extracted. Any edge writes them in chunks, in any order and more than
 * once; they are read from the first to the last.
 */
export interface BlobStore {
  /**
   * Commands to Redis that are sent after a call of `write` are executed after it, without waiting for its result. An
   * error of `write` does not keep Redis from executing them.
   */
  readonly isInOrder: boolean;
  /**
   * Stores a chunk at its offset; false when one is stored there already. Stored bytes never change: what was hashed is
   * what is read later, whatever is sent meanwhile.
   */
  write(ref: string, offset: number, bytes: Uint8Array): Promise<boolean>;
  /** How many chunks are stored; only in stores that count them without reading them. */
  count?(ref: string): Promise<number>;
  /**
   * The bytes in order, all or those of `range`: each chunk begins where the one before ends; other chunks are ignored.
   * Reads a few MiB ahead. @throws ChannelError `hole` when a chunk up to the end of the range is missing.
   */
  read(ref: string, range?: Range): AsyncIterable<Uint8Array>;
  exists(ref: string): Promise<boolean>;
  /** Idempotent. */
  remove(ref: string): Promise<void>;
  /** Keeps the bytes for `keepMs` from now; false when there are none. */
  renew(ref: string, keepMs: number): Promise<boolean>;
  /** Removes expired bytes, in stores that do not do it by themselves; returns how many blobs. */
  sweep(): Promise<number>;
}

/** An upload without a chunk for this long expires … */
export const IDLE_UPLOAD_MS = 600_000;
/** … and one whose first chunk has not come in this time. */
export const FIRST_CHUNK_MS = 30_000;

/** Bytes are kept this much longer than the state that refers to them: a step that found them may still read them. */
export const SWEEP_GRACE_MS = 60_000;

/** A random name for a blob. */
export const newRef = (): string => randomBytes(16).toString("base64url");
/** Whether `name` is one that `newRef` may give. */
export const isRef = (name: string): boolean => /^[\w-]{21}[AQgw]$/.test(name);
