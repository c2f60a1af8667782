/// <reference types="vite/client" />

import { connect, newId } from "@docrelay/client";

/** One connection for the page, outside of components. */
export const relay = connect({ url: import.meta.env.VITE_DOCRELAY_URL ?? "http://localhost:3000" });

/**
 * Returns the id of the conversation, which is in the page's address: after a reload, and in another tab, the same
 * address shows the same conversation.
 */
export function conversationId(): string {
  if (!location.hash) history.replaceState(null, "", `#${newId()}`);
  return location.hash.slice(1);
}
