import { readUpload, type Store, type UploadState } from "@docrelay/channel";
import { createHash, type Hash } from "node:crypto";

/**
 * The state of an unfinished upload as this edge knows it, so that a chunk need not wait for the round trip of the
 * chunk before.
 */
export interface Receiving {
  upload: UploadState;
  /** The offset of the next chunk: all bytes before it are stored, or being stored. */
  next: number;
  /** The offset up to which bytes are stored. */
  stored: number;
  /** The offset up to which room is reserved for the upload's bytes. */
  room: number;
  /** The offset up to which bytes are counted for the groups of the user. */
  charged: number;
  /** Settles when all chunks that wait for room have been sent; never rejects. */
  waiting: Promise<unknown> | undefined;
  /** Settles when all sent chunks are stored or refused; never rejects. */
  underway: Promise<unknown>;
  /** The hash of all stored bytes; undefined when it cannot be known: some bytes came through another edge. */
  hash: Hash | undefined;
  /** How many chunks this edge has stored, and how many the store had after the last one. */
  chunks: number;
  counted: Promise<number | undefined> | undefined;
  /** The completion of the upload, which begins when the last byte is stored. */
  ending: Promise<void> | undefined;
}

/** The uploads whose chunks come through this edge. This state may be out of date: the stored state decides. */
export interface Receivings {
  /**
   * The upload's last known state, or its stored state; undefined when there is no such upload. A finished upload is
   * read each time.
   */
  find(user: string, id: string): Promise<Receiving | undefined>;
  /** Replaces the known state of an upload. `room`: see {@link Receiving}. */
  know(user: string, upload: UploadState, room: number): void;
  /** The next `find` reads the stored state. */
  forget(user: string, known: Receiving): void;
}

/** Most uploads whose state is kept in memory; the state of others is read again when needed. */
const MAX_KNOWN = 1000;

export function createReceivings(store: Store): Receivings {
  /** By name, in the order in which they were first read. */
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
