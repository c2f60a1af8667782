import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { choosePages } from "./choose-pages.ts";
import { hasPage, rangesOf, rangesText } from "./page-ranges.ts";
import { estimateTokens, mostTokens } from "./tokens.ts";

const filler = (page: number): string => `On page ${page} stands what nobody asked about. `.repeat(20);
const book = (pages: number, special: Record<number, string> = {}): string[] =>
  Array.from({ length: pages }, (_, index) => `${filler(index + 1)}${special[index + 1] ?? ""}`);
const PAGE_TOKENS = estimateTokens(filler(100)) + 30;

describe("choosePages", () => {
  it("takes all pages when they fit", async () => {
    expect(await choosePages("?", [book(5), ["one"]], 100_000)).toEqual([undefined, undefined]);
  });

  it("takes the first page, the pages that have the question's words, and those beside them", async () => {
    const pages = book(800, { 412: "The termination fee is 40 euros.", 700: "A fee is due." });
    const chosen = await choosePages("How high is the fee on terminations?", [pages], 7 * PAGE_TOKENS);
    expect(chosen).toEqual([expect.arrayContaining([[411, 413]])]);
    expect(chosen[0]).toEqual([
      [1, 1],
      [411, 413],
      [699, 701],
    ]);
  });

  it("finds words of scripts without spaces", async () => {
    const pages = book(200, { 77: "この契約の解約手数料は四十ユーロです。" });
    const chosen = await choosePages("解約手数料はいくらですか", [pages], 4 * PAGE_TOKENS);
    expect(chosen).toEqual([
      [
        [1, 1],
        [76, 78],
      ],
    ]);
  });

  it("reads on from the beginning when no page has the question's words", async () => {
    expect(await choosePages("Résumé?", [book(200)], 5 * PAGE_TOKENS)).toEqual([[[1, 5]]]);
  });

  it("takes the first page of each file, and says when a file has none", async () => {
    const files = [book(100), book(100, { 50: "zebra" }), ["x".repeat(1_000_000)]];
    expect(await choosePages("zebra", files, 6 * PAGE_TOKENS)).toEqual([
      [[1, 2]],
      [
        [1, 1],
        [49, 51],
      ],
      [],
    ]);
    expect(await choosePages("zebra", [["x".repeat(1_000_000)]], 1000)).toBe("too-large");
  });

  it("never exceeds its budget, and chooses the same again", async () => {
    const page = fc.string({ unit: "grapheme", maxLength: 400 });
    const files = fc.array(fc.array(page, { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(
        files,
        fc.string({ maxLength: 40 }),
        fc.integer({ min: 30, max: 1500 }),
        async (texts, question, budget) => {
          const chosen = await choosePages(question, texts, budget);
          expect(await choosePages(question, texts, budget)).toEqual(chosen);
          if (chosen === "too-large") return;
          const used = texts.map((pages, file) =>
            pages.filter((_, index) => chosen[file] === undefined || hasPage(chosen[file], index + 1)),
          );
          expect(used.flat().reduce((sum, text) => sum + estimateTokens(text), 0)).toBeLessThanOrEqual(budget);
        },
      ),
      { numRuns: 60 },
    );
  });
});

it("ranges of pages are in order and apart", () => {
  expect(rangesOf([7, 2, 1, 3, 7])).toEqual([
    [1, 3],
    [7, 7],
  ]);
  expect(rangesText(rangesOf([7, 2, 1, 3]))).toBe("1-3, 7");
});

it("no text has more tokens than its length allows", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(estimateTokens(text)).toBeLessThanOrEqual(mostTokens(text.length));
      expect(estimateTokens(text)).toBeGreaterThanOrEqual(Math.floor(text.length / 4));
    }),
  );
});
