import { hintsOfText, peekWaiting, publishHint, publishProgress, type Store } from "@docrelay/channel";

/**
 * Publishes the progress of one extraction: to the conversations of the asks that wait for its text, and to the
 * connections that have sent the id of its upload.
 */
export interface PageProgress {
  /** Publishes that `page` of `pages` is extracted, at most 4 times a second; calls in between are dropped. */
  page(page: number, pages: number): void;
}

const EVERY_MS = 250;
/** How many waiting asks get the progress. It is only a hint, so further asks that wait for the same text get none. */
const MAX_WAITING = 200;

export function createPageProgress(store: Store, key: string, onError: (error: unknown) => void): PageProgress {
  let next = 0;
  let publishing = false;

  async function publish(page: number, pages: number): Promise<void> {
    const waiting = await peekWaiting(store, key, MAX_WAITING);
    const sent = waiting.map(async ({ ask, ...address }) => {
      if (!ask) return;
      const { conversation, id, file } = ask;
      await publishProgress(store, address, { conversation, ask: id, stage: "extracting", file, page, pages });
    });
    await Promise.all([...sent, publishHint(store, hintsOfText(key), { kind: "page", page, pages })]);
  }

  return {
    page(page, pages) {
      const now = performance.now();
      if (publishing || now < next) return;
      next = now + EVERY_MS;
      publishing = true;
      publish(page, pages)
        .catch(onError)
        .finally(() => void (publishing = false));
    },
  };
}
