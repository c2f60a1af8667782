/** An id as the protocol allows it. */
const ID = /^[A-Za-z0-9_-]{1,64}$/;
const PREFIX = "#c=";
/** An id as this page makes it. No anchor of the page looks like it. */
const MADE_HERE = /^#([0-9a-f]{32})$/;

/**
 * The conversation that an address's hash names, as `#c=<id>`; undefined for any other hash. The prefix keeps the anchors
 * of the page, such as the skip link's `#question`, from being read as conversations. Addresses of earlier versions,
 * `#<id>`, name theirs still.
 */
export function conversationOf(hash: string): string | undefined {
  const id = hash.startsWith(PREFIX) ? hash.slice(PREFIX.length) : "";
  return ID.test(id) ? id : MADE_HERE.exec(hash)?.[1];
}

/** The hash of a conversation's address. */
export function hashOf(conversation: string): string {
  return `${PREFIX}${conversation}`;
}
