import { readUpload, type Store, type UploadState } from "@docrelay/channel";
import { createHash, type Hash } from "node:crypto";

/**
 * What this edge knows of an unfinished upload. With this knowledge the edge can send a chunk to the store before the
 * store has responded to the previous chunk.
 */
export interface Receiving {
  upload: UploadState;
  /** The offset at which the next chunk begins: all bytes before it are stored or are being stored. */
  next: number;
  /** The offset up to which bytes are stored. */
  stored: number;
  /** The offset up to which room is reserved for the upload's bytes. */
  room: number;
  /** The offset up to which bytes are counted for the user's network and tenant. */
  charged: number;
  /** Settles when all chunks that wait for room have been sent; never rejects. */
  waiting: Promise<unknown> | undefined;
  /** Settles when all chunks of the upload that were sent to the store are stored or refused; never rejects. */
  underway: Promise<unknown>;
  /** The hash of all bytes so far; undefined if this hash cannot be relied on, and the stored bytes must be read. */
  hash: Hash | undefined;
  /** How many chunks of the upload this edge has sent to the store. */
  chunks: number;
  /** How many chunks of the file the blob store has after the last chunk; set when the last chunk is sent. */
  counted: Promise<number | undefined> | undefined;
  /** Settles when the upload is finished; set when its last byte is stored. */
  ending: Promise<void> | undefined;
}

/**
 * What this edge knows of the uploads whose chunks come through it. It may be out of date; the state in Redis is not.
 */
export interface Receivings {
  /**
   * Returns what is known of an upload, read from Redis if it is not in memory; undefined if there is no such upload.
   * The state of a finished upload is read each time.
   */
  find(user: string, id: string): Promise<Receiving | undefined>;
  /** Replaces what is known of an upload; `room`: the offset up to which room is reserved for its bytes. */
  know(user: string, upload: UploadState, room: number): void;
  /** Drops what is known of an upload, so that the next `find` reads it from Redis. */
  forget(user: string, known: Receiving): void;
}

/** The most uploads whose state is kept in memory; the state of others is read again when needed. */
const MAX_KNOWN = 1000;

export function createReceivings(store: Store): Receivings {
  /** What this edge knows of uploads, by user and id. The upload whose state was set longest ago is at the front. */
  const all = new Map<string, Promise<Receiving | undefined>>();
  const nameOf = (user: string, id: string): string => `${id} ${user}`; // an id contains no blanks

  function keep(name: string, receiving: Promise<Receiving | undefined>): void {
    all.delete(name);
    all.set(name, receiving);
    const [oldest] = all.size > MAX_KNOWN ? all.keys() : [];
    if (oldest !== undefined) all.delete(oldest);
  }

  return {
    find(user, id) {
      const name = nameOf(user, id);
      const known = all.get(name);
      if (known) return known;
      const reading = readUpload(store, user, id).then((upload) => upload && receivingOf(upload));
      keep(name, reading);
      const forget = (): void => void (all.get(name) === reading && all.delete(name));
      reading.then((found) => found?.upload.done === false || forget(), forget);
      return reading;
    },
    know(user, upload, room) {
      if (!upload.done) keep(nameOf(user, upload.id), Promise.resolve(receivingOf(upload, room)));
    },
    forget(user, { upload }) {
      all.delete(nameOf(user, upload.id));
    },
  };
}

function receivingOf(upload: UploadState, room = 0): Receiving {
  const { offset } = upload;
  return {
    upload,
    next: offset,
    stored: offset,
    room,
    charged: offset,
    waiting: undefined,
    underway: Promise.resolve(),
    hash: offset === 0 ? createHash("sha256") : undefined,
    chunks: 0,
    counted: undefined,
    ending: undefined,
  };
}
