/** A conversation's id as the protocol allows it. */
const ID = /^[A-Za-z0-9_-]{1,64}$/;
const PREFIX = "#c=";
/**
 * Matches the hash that an earlier version of the page put into its address: `#` and an id. No anchor of the page has
 * this form.
 */
const MADE_HERE = /^#([0-9a-f]{32})$/;

/**
 * Returns the conversation that an address's hash names, as `#c=<id>`; undefined for any other hash. The prefix
 * distinguishes conversations from anchors of the page, such as the skip link's `#question`. Hashes of earlier
 * versions, `#<id>`, are still read.
 */
export function conversationOf(hash: string): string | undefined {
  const id = hash.startsWith(PREFIX) ? hash.slice(PREFIX.length) : "";
  return isConversation(id) ? id : MADE_HERE.exec(hash)?.[1];
}

export function isConversation(id: string): boolean {
  return ID.test(id);
}

export function hashOf(conversation: string): string {
  return `${PREFIX}${conversation}`;
}

/** The address that names the shown conversation: the page's own, or one inside an embedded chat. */
export interface Address {
  /** Returns the conversation that the address names; undefined if it names none. */
  get(): string | undefined;
  /** Goes to a conversation: the listener of `hear` is called. */
  go(id: string): void;
  /** Sets the address to a conversation that is already shown; the listener of `hear` is not called. */
  keep(id: string): void;
  hear(listener: () => void): void;
}

/** Returns the page's own address, so that a reload, a bookmark and a second tab show the same conversation. */
export function pageAddress(): Address {
  return {
    get: () => conversationOf(location.hash),
    go: (id) => (location.hash = hashOf(id)),
    keep(id) {
      // A jump to an anchor of the page replaces the hash, so the hash is set here again. Otherwise a reload would lose
      // the conversation.
      if (location.hash !== hashOf(id)) history.replaceState(null, "", hashOf(id));
    },
    hear: (listener) => addEventListener("hashchange", listener),
  };
}

/**
 * Returns the address of an embedded chat. It is only kept in memory, because an embedded chat must not change the
 * address of the page around it.
 */
export function innerAddress(first?: string): Address {
  let [now, changed] = [first, (): void => undefined];
  return {
    get: () => now,
    go(id) {
      now = id;
      changed();
    },
    keep: (id) => (now = id),
    hear: (listener) => (changed = listener),
  };
}
