/** What a browser reports about the network and about the page's sleep. */
export interface PageSignals {
  /**
   * Called when the network came back or changed, or the page became visible: the connection may have died without a
   * sign.
   */
  wake(): void;
  offline(): void;
}

interface Page extends Partial<Pick<EventTarget, "addEventListener">> {
  readonly document?: EventTarget & { readonly visibilityState: string };
  readonly navigator?: { readonly connection?: EventTarget };
}

/** Listens to the browser's events until the returned function is called. Does nothing outside a browser. */
export function hearPage(on: PageSignals): () => void {
  const page = globalThis as unknown as Page;
  const { document } = page;
  const over = new AbortController();
  const { signal } = over;
  page.addEventListener?.("online", on.wake, { signal });
  page.addEventListener?.("pageshow", on.wake, { signal });
  page.addEventListener?.("offline", on.offline, { signal });
  document?.addEventListener("visibilitychange", () => document.visibilityState === "visible" && on.wake(), { signal });
  page.navigator?.connection?.addEventListener("change", on.wake, { signal });
  return () => over.abort();
}
