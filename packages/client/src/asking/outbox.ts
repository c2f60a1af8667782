import { keysOf, readJson, removeKey, writeJson, type Storage } from "../storage.ts";
import { int, list, literal, object, optional, text } from "../wire/read.ts";

/** A file of an ask: `upload` once it is uploaded; name and size are for the turn. */
export interface OutgoingFile {
  readonly upload?: string | undefined;
  readonly name: string;
  readonly size: number;
  readonly password?: string | undefined;
}
/** An ask on its way. `at`: when it was made, in milliseconds since the epoch; asks of a client have different ones. */
export interface Outgoing {
  readonly id: string;
  readonly conversation: string;
  readonly message: string;
  readonly files: readonly OutgoingFile[];
  readonly replaces?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly at: number;
  /** Whose ask it is, with tokens of a login; undefined for that of an anonymous session, and until that is known. */
  readonly user?: string | undefined;
}
/** An ask as it is kept. `stopped`: it must never be sent, and ends should the server have it; it stands behind turn `after`. */
export interface KeptAsk extends Outgoing {
  readonly stopped?: true | undefined;
  readonly after?: string | undefined;
}

/**
 * Asks whose outcome is not known, and stopped ones, kept in the storage for reloads and other tabs: each under a key of
 * its own, so that tabs cannot overwrite one another's. Asks with a password are not kept, except that they were stopped.
 * Each belongs to its user: after another login in the same browser, that user neither sees nor sends it.
 */
export interface Outbox {
  /** The user of the present token, as in `TokenSource`. While it is not known, nothing is kept. */
  readonly user: string | undefined;
  /** A time for a new ask, later than that of every ask that is kept. */
  now(): number;
  put(ask: KeptAsk): void;
  /** Removes an ask whose outcome is known. */
  settle(id: string): void;
  /** Whether an ask was stopped, in any tab. */
  isStopped(id: string): boolean;
  /** All kept asks of the user, in the order in which they were made. */
  kept(): KeptAsk[];
}

/** How long an ask is kept and sent again: as long as a server keeps conversations, and knows the ask's id, by default. */
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
      return []; // Blocked by the browser.
    }
  }
  function kept(): KeptAsk[] {
    const asks = keys().flatMap((key) => {
      const id = key.startsWith(prefix) ? key.slice(prefix.length) : ":";
      // The key of another url may begin like ours; no id has a colon.
      return id.includes(":") ? [] : (read(id) ?? []);
    });
    const [living, dead] = [asks.filter(isLiving), asks.filter((ask) => !isLiving(ask))];
    for (const { id } of dead) settle(id);
    return living.filter(({ user = "" }) => user === tokens.user).toSorted((one, other) => one.at - other.at);
  }
  function settle(id: string): void {
    removeKey(storage, prefix + id);
  }
  /** Removes the oldest stopped ask when there are too many; false when all are still on their way. */
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
      // Where a full storage takes only the smaller record of before, nothing is left that another page would send.
      const isKept = read(ask.id) !== undefined;
      if (ask.stopped) settle(ask.id);
      if (isKept || makeRoom()) writeJson(storage, prefix + ask.id, { ...ask, files });
    },
    settle,
    isStopped: (id) => read(id)?.stopped === true,
    kept,
  };
}

/** A time in the future is of a clock that was wrong: it counts as now. */
function isLiving({ at }: KeptAsk): boolean {
  return Date.now() - at < KEEP_MS;
}
