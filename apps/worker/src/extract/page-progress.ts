import { hintsOfText, publishHint, type Store } from "@docrelay/channel";
import { tellWaiting } from "./tell-waiting.ts";

/**
 * Publishes the progress of one extraction: to the conversations of the asks that wait for its text, and to the
 * connections that have sent the id of its upload.
 */
export interface PageProgress extends Disposable {
  /** Publishes that `page` of `pages` is extracted, at most 4 times a second; calls in between are dropped. */
  page(page: number, pages: number): void;
}

const EVERY_MS = 250;
/** How many waiting asks get the progress. It is only a hint, so further asks that wait for the same text get none. */
const MAX_WAITING = 200;

/**
 * Call it when the extraction begins. If no page is extracted within `EVERY_MS`, asks get the hint that their file is
 * being extracted: the last hint that they got may be its place in the queue.
 */
export function createPageProgress(store: Store, key: string, onError: (error: unknown) => void): PageProgress {
  let next = 0;
  let publishing = false;
  const begun = setTimeout(() => void tellAsks({}).catch(onError), EVERY_MS);

  async function tellAsks(where: { readonly page?: number; readonly pages?: number }): Promise<void> {
    await tellWaiting(store, key, MAX_WAITING, { stage: "extracting", ...where });
  }
  async function publish(page: number, pages: number): Promise<void> {
    await Promise.all([tellAsks({ page, pages }), publishHint(store, hintsOfText(key), { kind: "page", page, pages })]);
  }

  return {
    page(page, pages) {
      clearTimeout(begun);
      const now = performance.now();
      if (publishing || now < next) return;
      next = now + EVERY_MS;
      publishing = true;
      publish(page, pages)
        .catch(onError)
        .finally(() => void (publishing = false));
    },
    [Symbol.dispose]: () => clearTimeout(begun),
  };
}
