import type { StoredText } from "@docrelay/channel";
import { LRUCache } from "lru-cache";

/** Reads texts by their keys, and caches those that were read last. */
export interface TextCache {
  /** Returns the stored text or failure; undefined if there is none. Rejects with the error of the read. */
  read(key: string): Promise<StoredText | undefined>;
  /** Makes the next `read` of this key read the store again, even if an earlier read has not finished. */
  forget(key: string): void;
}

/** Always an object, because lru-cache takes `undefined` for an aborted read. */
interface Read {
  readonly stored: StoredText | undefined;
}

/**
 * A stored text never changes, and many asks about one PDF may come at once: the first of them reads and unpacks the
 * text, and reads of one key at the same time share one read. When the texts together have more than `maxBytes`, two
 * for each UTF-16 unit, those unused for longest are dropped. Failures are not cached, because some of them pass.
 */
export function createTextCache(
  readText: (key: string) => Promise<StoredText | undefined>,
  maxBytes: number,
): TextCache {
  const cache = new LRUCache<string, Read>({
    maxSize: maxBytes,
    // An entry larger than the cache is returned, but not kept.
    sizeCalculation: ({ stored }) => (stored?.kind === "text" ? bytesOf(stored) : maxBytes + 1),
    fetchMethod: async (key) => ({ stored: await readText(key) }),
    // A read that is forgotten or evicted still resolves for its callers.
    ignoreFetchAbort: true,
  });
  return {
    async read(key) {
      return (await cache.fetch(key))?.stored;
    },
    forget: (key) => void cache.delete(key),
  };
}

/** The memory that a text uses, including its lists: 2,000 empty pages use memory, too. */
function bytesOf({ pages, missing }: Extract<StoredText, { kind: "text" }>): number {
  return 2 * (1000 + pages.reduce((sum, page) => sum + page.length + 16, 0) + 64 * missing.length);
}
