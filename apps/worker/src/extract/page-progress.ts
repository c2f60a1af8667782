import { peekHeads, peekWaiting, publishProgress, type Head, type Store } from "@docrelay/channel";

/** Tells those who wait for a text how far its extraction is. */
export interface PageProgress {
  /** At most 4 times a second something is sent; what comes in between is dropped. */
  page(page: number, pages: number): void;
}

const EVERY_MS = 250;
/** Progress is a hint: when more wait for one file, any of them get it. */
const MOST_TOLD = 200;

export function createPageProgress(store: Store, key: string, onError: (error: unknown) => void): PageProgress {
  // A parked head stays the head until its text is there (or it is cancelled): it is looked up once.
  const heads = new Map<string, Head>();
  let next = 0;
  let telling = false;

  async function tell(page: number, pages: number): Promise<void> {
    const waiting = await peekWaiting(store, key, MOST_TOLD);
    const unknown = waiting.filter(({ c }) => !heads.has(c));
    for (const head of await peekHeads(store, unknown)) if (head) heads.set(head.address.c, head);
    const sent = waiting.flatMap(({ c }) => {
      const head = heads.get(c);
      const file = head?.body.files.findIndex(({ text }) => text === key) ?? -1;
      if (!head || file < 0) return [];
      return [
        publishProgress(store, head.address, {
          conversation: head.conversation,
          ask: head.id,
          stage: "extracting",
          file,
          page,
          pages,
        }),
      ];
    });
    await Promise.all(sent);
  }

  return {
    page(page, pages) {
      const now = performance.now();
      if (telling || now < next) return;
      next = now + EVERY_MS;
      telling = true;
      tell(page, pages)
        .catch(onError)
        .finally(() => void (telling = false));
    },
  };
}
