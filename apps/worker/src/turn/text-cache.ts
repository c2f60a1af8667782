import type { StoredText } from "@docrelay/channel";
import { LRUCache } from "lru-cache";

/** Reads texts by their keys and keeps those that were read last. */
export interface TextCache {
  /** The stored text or failure, or undefined if there is none. Rejects with the error of the read. */
  read(key: string): Promise<StoredText | undefined>;
  /** The next `read` of this key reads again, also if an earlier one has not finished. */
  forget(key: string): void;
}

/** An object also where there is no text, since lru-cache takes `undefined` for an aborted read. */
interface Read {
  readonly stored: StoredText | undefined;
}

/**
 * A text never changes while it is stored, and many asks about one PDF may come at once: the first of them reads and
 * unpacks it, and reads of one key at the same time are joined. The texts that were used longest ago are dropped when all
 * together have more than `maxBytes`, two for each UTF-16 unit. Failures are not kept: some of them pass.
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

/** What a text holds in memory, its lists too: 2,000 empty pages are not nothing. */
function bytesOf({ pages, missing }: Extract<StoredText, { kind: "text" }>): number {
  return 2 * (1000 + pages.reduce((sum, page) => sum + page.length + 16, 0) + 64 * missing.length);
}
