/** What a page hears of its own network and its own sleep. */
export interface PageSignals {
  /** The network came back or changed, or the page is looked at again: a connection may have died unnoticed. */
  wake(): void;
  offline(): void;
}

interface Page extends Partial<Pick<EventTarget, "addEventListener">> {
  readonly document?: EventTarget & { readonly visibilityState: string };
  readonly navigator?: { readonly connection?: EventTarget };
}

/** Listens to the events of the browser until the returned function is called; outside of a browser there are none. */
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
