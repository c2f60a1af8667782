import type { StoredText } from "@docrelay/channel";
import { describe, expect, it } from "vitest";
import { createTextCache } from "./text-cache.ts";

const textOf = (units: number): StoredText => ({
  kind: "text",
  pages: ["x".repeat(units - 1), "y"],
  chars: units,
  missing: [],
  ocr: [],
  truncated: false,
  extractMs: 1,
});
const FAILED: StoredText = { kind: "failed", code: "PDF_LIMIT_EXCEEDED", reason: "time", permanent: false };

/** Room for two texts of 40,000 letters, or for one of 100,000; a letter counts two bytes. */
const MAX_BYTES = 204_000;

/**
 * Makes a function that reads texts and records their keys. The number in a key is the length of its text in thousands
 * of letters, unless `answers` has the key.
 */
function reader(answers: Record<string, () => Promise<StoredText | undefined>> = {}) {
  const reads: string[] = [];
  const read = async (key: string): Promise<StoredText | undefined> => {
    reads.push(key);
    return (await answers[key]?.()) ?? (answers[key] ? undefined : textOf(1000 * Number(key.slice(1))));
  };
  return { reads, read };
}

describe("a cache of texts", () => {
  it("reads a text once, for reads at the same time and for later ones", async () => {
    const { reads, read } = reader();
    const cache = createTextCache(read, MAX_BYTES);
    const texts = await Promise.all([cache.read("a10"), cache.read("a10"), cache.read("b10")]);
    expect(texts[1]).toBe(texts[0]);
    expect(await cache.read("a10")).toBe(texts[0]);
    expect(reads).toEqual(["a10", "b10"]);
  });

  it("drops the texts that were used longest ago when all together are too large", async () => {
    const { reads, read } = reader();
    const cache = createTextCache(read, MAX_BYTES);
    for (const key of ["a40", "b40", "a40", "c40", "a40", "c40", "b40"]) await cache.read(key);
    expect(reads).toEqual(["a40", "b40", "c40", "b40"]);
  });

  it("returns a text that is larger than the cache, and does not keep it", async () => {
    const { reads, read } = reader();
    const cache = createTextCache(read, MAX_BYTES);
    for (const key of ["a101", "a101", "b100", "b100"]) expect(await cache.read(key)).toMatchObject({ kind: "text" });
    expect(reads).toEqual(["a101", "a101", "b100"]);
  });

  it("counts pages and their lists, not only letters", async () => {
    const missing = Array.from({ length: 500 }, (_, index) => ({ page: index + 1, reason: "scan" as const }));
    const blank = async (): Promise<StoredText> =>
      ({ ...textOf(1), pages: Array(500).fill(""), missing }) as StoredText;
    const { reads, read } = reader({ a: blank, b: blank, c: blank });
    const cache = createTextCache(read, MAX_BYTES);
    for (const key of ["a", "b", "c", "a"]) await cache.read(key);
    expect(reads).toEqual(["a", "b", "c", "a"]);
  });

  it("forgets a text on request, also while it is being read", async () => {
    const { reads, read } = reader();
    const cache = createTextCache(read, MAX_BYTES);
    const first = cache.read("a40");
    cache.forget("a40");
    expect(await first).toMatchObject({ kind: "text" });
    for (const key of ["b40", "c40", "b40", "a40"]) await cache.read(key);
    expect(reads).toEqual(["a40", "b40", "c40", "a40"]);
  });

  it("keeps the newer read when a forgotten one of the same key ends after it", async () => {
    const older = Promise.withResolvers<StoredText>();
    const waiting = [older.promise, Promise.resolve(textOf(2))];
    const { reads, read } = reader({ a: () => waiting.shift() ?? Promise.reject(new Error("read a third time")) });
    const cache = createTextCache(read, MAX_BYTES);
    const first = cache.read("a");
    cache.forget("a");
    expect(await cache.read("a")).toMatchObject({ chars: 2 });
    older.resolve(textOf(9));
    expect(await first).toMatchObject({ chars: 9 });
    expect(await cache.read("a")).toMatchObject({ chars: 2 });
    expect(reads).toEqual(["a", "a"]);
  });

  it("resolves a forgotten read also when there is no text", async () => {
    const { read } = reader({ missing: async () => undefined });
    const cache = createTextCache(read, MAX_BYTES);
    const first = cache.read("missing");
    cache.forget("missing");
    expect(await first).toBeUndefined();
  });

  it("keeps no failure: not a file's, not the store's, and not that there is no text", async () => {
    const { reads, read } = reader({
      failed: async () => FAILED,
      missing: async () => undefined,
      broken: () => Promise.reject(new Error("away")),
    });
    const cache = createTextCache(read, MAX_BYTES);
    for (const _ of [1, 2]) {
      expect(await cache.read("failed")).toBe(FAILED);
      expect(await cache.read("missing")).toBeUndefined();
      await expect(Promise.all([cache.read("broken"), cache.read("broken")])).rejects.toThrow("away");
    }
    expect(reads).toEqual(["failed", "missing", "broken", "failed", "missing", "broken"]);
  });
});
