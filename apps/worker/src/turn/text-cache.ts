import type { StoredText } from "@docrelay/channel";

/** Reads texts by their keys, as `read` does, and remembers those that were read lately. */
export interface TextCache {
  read(key: string): Promise<StoredText | undefined>;
  /** The text is not there any more, or is not to be had. */
  forget(key: string): void;
}

interface Entry {
  readonly text: Promise<StoredText | undefined>;
  /** 0 until it is there. */
  units: number;
}

/**
 * A text never changes while it is there, and a thousand asks about one PDF come at once: it is fetched and unpacked for
 * the first of them. Those read longest ago go when all together hold more than `mostUnits`, about UTF-16 units. Failures
 * are not remembered: some of them pass.
 */
export function createTextCache(read: (key: string) => Promise<StoredText | undefined>, mostUnits: number): TextCache {
  const entries = new Map<string, Entry>();
  let total = 0;

  function forget(key: string): void {
    total -= entries.get(key)?.units ?? 0;
    entries.delete(key);
  }
  function begin(key: string): Entry {
    const entry: Entry = { text: read(key), units: 0 };
    const settle = (text?: StoredText): void => {
      if (entries.get(key) !== entry) return; // forgotten meanwhile
      if (text?.kind !== "text") return forget(key);
      entry.units = unitsOf(text);
      total += entry.units;
      for (const [old, { units }] of entries) {
        if (total <= mostUnits) break;
        if (units > 0) forget(old);
      }
    };
    entry.text.then(settle, () => settle());
    return entry;
  }

  return {
    read(key) {
      const entry = entries.get(key) ?? begin(key);
      // To the end of the line.
      entries.delete(key);
      entries.set(key, entry);
      return entry.text;
    },
    forget,
  };
}

/** What a text holds, its lists too: a text of 2,000 empty pages is not nothing. */
function unitsOf({ pages, missing }: Extract<StoredText, { kind: "text" }>): number {
  return 1000 + pages.reduce((sum, page) => sum + page.length + 16, 0) + 64 * missing.length;
}
