/** An id as the protocol allows it. */
const ID = /^[A-Za-z0-9_-]{1,64}$/;
const PREFIX = "#c=";

/**
 * The conversation that an address's hash names, as `#c=<id>`; undefined for any other hash. The prefix keeps the anchors
 * of the page, such as the skip link's `#question`, from being read as conversations.
 */
export function conversationOf(hash: string): string | undefined {
  const id = hash.startsWith(PREFIX) ? hash.slice(PREFIX.length) : "";
  return ID.test(id) ? id : undefined;
}

/** The hash of a conversation's address. */
export function hashOf(conversation: string): string {
  return `${PREFIX}${conversation}`;
}
