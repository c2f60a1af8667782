import { keysOf, readJson, removeKey, writeJson, type Storage } from "../storage.ts";
import { int, list, literal, object, optional, text } from "../wire/read.ts";

/** A file of an ask. `upload`: the upload's id, once the file is uploaded. Name and size are for display. */
export interface OutgoingFile {
  readonly upload?: string | undefined;
  readonly name: string;
  readonly size: number;
  readonly password?: string | undefined;
}
/**
 * An ask that is on its way to the server. `at`: when it was made, in ms since the epoch; no two asks of a client have
 * the same `at`.
 */
export interface Outgoing {
  readonly id: string;
  readonly conversation: string;
  readonly message: string;
  readonly files: readonly OutgoingFile[];
  readonly replaces?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly at: number;
  /**
   * The user of the ask, if the application provides tokens. Undefined for an anonymous session, and until the user is
   * known.
   */
  readonly user?: string | undefined;
}
/**
 * An ask as it is kept in the storage. `stopped`: the user stopped the ask, so it must not be sent, and is cancelled if
 * the server has it. `after`: the id of the turn after which a stopped ask is shown.
 */
export interface KeptAsk extends Outgoing {
  readonly stopped?: true | undefined;
  readonly after?: string | undefined;
}

/**
 * Keeps in the storage, for reloads and other tabs, the asks whose outcome is not known, and stopped asks. Each ask has
 * a key of its own, so that tabs cannot overwrite each other's asks. An ask with a password is kept only once it is
 * stopped, and without the password. Each ask belongs to its user: if another user logs in with the same browser, that
 * user neither sees nor sends it.
 */
export interface Outbox {
  /** The user of the current token (see `TokenSource`). While the user is not known, no ask is kept in the storage. */
  readonly user: string | undefined;
  /** Returns the time for a new ask, in ms since the epoch: later than the time of every kept ask. */
  now(): number;
  put(ask: KeptAsk): void;
  /** Removes an ask from the storage, because its outcome is known. */
  settle(id: string): void;
  /** Whether an ask was stopped, in this tab or another one. */
  isStopped(id: string): boolean;
  /** Returns all kept asks of the user, in the order in which they were made. */
  kept(): KeptAsk[];
}

/**
 * For how many ms an ask is kept and sent again: as long as servers keep conversations by default. During this time a
 * server recognises the ask's id, so an ask that is sent again is not stored twice.
 */
export const KEEP_MS = 24 * 3_600_000;
const MAX_KEPT = 100;

const readKept = object<KeptAsk>({
  id: text,
  conversation: text,
  message: text,
  files: list(object<Omit<OutgoingFile, "password">>({ upload: optional(text), name: text, size: int })),
  replaces: optional(text),
  traceparent: optional(text),
  at: int,
  user: optional(text),
  stopped: optional(literal(true)),
  after: optional(text),
});

export function createOutbox(storage: Storage, url: string, tokens: { readonly user: string | undefined }): Outbox {
  const prefix = `docrelay:ask:${url}:`;
  let last = 0;

  const read = (id: string): KeptAsk | undefined => readJson(storage, prefix + id, readKept);
  function keys(): string[] {
    try {
      return keysOf(storage);
    } catch {
      return []; // the browser does not permit the storage
    }
  }
  function kept(): KeptAsk[] {
    const asks = keys().flatMap((key) => {
      const id = key.startsWith(prefix) ? key.slice(prefix.length) : ":";
      // Keys of another URL, such as this one with a port, may begin with this prefix, too. The rest of such a key has
      // a colon, which no ask's id has.
      return id.includes(":") ? [] : (read(id) ?? []);
    });
    const [living, dead] = [asks.filter(isLiving), asks.filter((ask) => !isLiving(ask))];
    for (const { id } of dead) settle(id);
    return living.filter(({ user = "" }) => user === tokens.user).toSorted((one, other) => one.at - other.at);
  }
  function settle(id: string): void {
    removeKey(storage, prefix + id);
  }
  /**
   * Makes room for one more ask, if necessary by removing the oldest stopped one. Returns false if there is no room.
   */
  function makeRoom(): boolean {
    const asks = kept();
    if (asks.length < MAX_KEPT) return true;
    const oldest = asks.find(({ stopped }) => stopped);
    if (oldest) settle(oldest.id);
    return oldest !== undefined;
  }
  return {
    get user() {
      return tokens.user;
    },
    now() {
      const newest = kept().at(-1)?.at ?? 0;
      last = Math.max(Date.now(), last + 1, newest + 1);
      return last;
    },
    put(ask) {
      const isSecret = ask.files.some(({ password }) => password !== undefined);
      const hasUser = ask.user !== undefined || tokens.user === "";
      if (!hasUser || (isSecret && !ask.stopped)) return;
      const files = ask.files.map(({ password: _, ...file }) => file);
      // In a full storage there may be no room for the record that the ask was stopped. The ask is removed first, so
      // that even then no other web page finds it and sends it.
      const isKept = read(ask.id) !== undefined;
      if (ask.stopped) settle(ask.id);
      if (isKept || makeRoom()) writeJson(storage, prefix + ask.id, { ...ask, files });
    },
    settle,
    isStopped: (id) => read(id)?.stopped === true,
    kept,
  };
}

/** Whether an ask may still be sent. If `at` is in the future, because a clock was wrong, the ask may be sent. */
function isLiving({ at }: KeptAsk): boolean {
  return Date.now() - at < KEEP_MS;
}
