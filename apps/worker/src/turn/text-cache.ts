import type { StoredText } from "@docrelay/channel";
import { LRUCache } from "lru-cache";

/** Reads texts from the store by their keys, and keeps those that were used last in memory. */
export interface TextCache {
  /** Returns the stored text or failure; undefined if there is none. Rejects with the error of the read. */
  read(key: string): Promise<StoredText | undefined>;
  /** Makes the next `read` of this key read the store again, even if an earlier read has not finished. */
  forget(key: string): void;
}

/**
 * What the cache holds for a key. It is an object even if nothing is stored: lru-cache takes `undefined` for an abort.
 */
interface Read {
  readonly stored: StoredText | undefined;
}

/**
 * Caches texts, because a stored text never changes and many asks about one PDF may come at once. Only the first of
 * them reads and unpacks the text, and reads of one key at the same time share one read. When the texts have more than
 * `maxBytes` together, at two bytes for each UTF-16 unit, the least recently used ones are dropped. Failures are not
 * cached, because some of them do not last.
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
    // A read whose key is forgotten or evicted meanwhile still resolves for those who wait for it.
    ignoreFetchAbort: true,
  });
  return {
    async read(key) {
      return (await cache.fetch(key))?.stored;
    },
    forget: (key) => void cache.delete(key),
  };
}

/** Estimates the memory of a text, in bytes. Each page counts, even an empty one, because its entry uses memory. */
function bytesOf({ pages, missing }: Extract<StoredText, { kind: "text" }>): number {
  return 2 * (1000 + pages.reduce((sum, page) => sum + page.length + 16, 0) + 64 * missing.length);
}
