/// <reference types="vite/client" />

import { connect, newId } from "@docrelay/client";

/** One connection for the page, outside of components. */
export const relay = connect({ url: import.meta.env.VITE_DOCRELAY_URL ?? "http://localhost:3000" });

/** The conversation of this address: a reload, and another tab, show the same. */
export function conversationId(): string {
  if (!location.hash) history.replaceState(null, "", `#${newId()}`);
  return location.hash.slice(1);
}
