import { readUpload, type Store, type UploadState } from "@docrelay/channel";
import { createHash, type Hash } from "node:crypto";

/** An unfinished upload as this edge knows it, so that its chunks need not wait for each other's round trips. */
export interface Receiving {
  upload: UploadState;
  /** Where the next chunk begins: up to here chunks are stored, or on their way to the store. */
  next: number;
  /** Up to here they are stored. */
  stored: number;
  /** Its bytes may come up to here without asking for room. */
  room: number;
  /** Up to here its bytes were counted for the groups of its user. */
  charged: number;
  /** Settles when the chunks that wait for room have been sent; does not reject. */
  waiting: Promise<unknown> | undefined;
  /** Settles with the chunks that are on their way; does not reject. */
  underway: Promise<unknown>;
  /** Present as long as it is the hash of all stored bytes: all came through this edge, and none was stored before. */
  hash: Hash | undefined;
  /** Chunks that this edge has stored, and how many the store had after the last one. */
  chunks: number;
  counted: Promise<number | undefined> | undefined;
  /** The end of the upload, once its last byte is stored. */
  ending: Promise<void> | undefined;
}

/** The uploads whose chunks come through this edge. What they hold may be out of date: the store decides. */
export interface Receivings {
  /** The upload as it was known last, else as it is stored; undefined when there is none. A finished one is read each time. */
  find(user: string, id: string): Promise<Receiving | undefined>;
  /** Replaces what is known of an upload. `room`: see {@link Receiving}. */
  know(user: string, upload: UploadState, room: number): void;
  /** The next `find` reads the stored state. */
  forget(user: string, known: Receiving): void;
}

/** The rest is read again when it is needed. */
const MAX_KNOWN = 1000;

export function createReceivings(store: Store): Receivings {
  /** In the order in which they became known. */
  const all = new Map<string, Promise<Receiving | undefined>>();
  const nameOf = (user: string, id: string): string => `${id} ${user}`; // an id has no blanks

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
