import type { StoredText } from "@docrelay/channel";

/** Reads texts by their keys, as `read` does, and remembers those that were read lately. */
export interface TextCache {
  read(key: string): Promise<StoredText | undefined>;
}

/**
 * A text never changes, and a thousand asks about one PDF come at once: it is fetched and unpacked for the first of
 * them. Those read longest ago go when all together are longer than `mostUnits`, in UTF-16 units. Failures are not
 * remembered: some of them pass.
 */
export function createTextCache(read: (key: string) => Promise<StoredText | undefined>, mostUnits: number): TextCache {
  const units = new Map<string, number>();
  const texts = new Map<string, Promise<StoredText | undefined>>();
  let total = 0;

  function forget(key: string): void {
    total -= units.get(key) ?? 0;
    units.delete(key);
    texts.delete(key);
  }
  async function load(key: string): Promise<StoredText | undefined> {
    let text: StoredText | undefined;
    try {
      text = await read(key);
    } finally {
      if (text?.kind !== "text") forget(key);
    }
    if (text?.kind !== "text") return text;
    const size = text.pages.reduce((sum, page) => sum + page.length, 0);
    units.set(key, size);
    total += size;
    for (const old of texts.keys()) {
      if (total <= mostUnits) break;
      if (units.has(old)) forget(old);
    }
    return text;
  }

  return {
    read(key) {
      const text = texts.get(key) ?? load(key);
      // To the end of the line.
      texts.delete(key);
      texts.set(key, text);
      return text;
    },
  };
}
