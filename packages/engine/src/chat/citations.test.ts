import { describe, expect, it } from "vitest";
import { citationsIn, validCitations } from "./citations.ts";

const LEASE = {
  name: "lease.pdf",
  pages: ["Rent is due on the first of each month.", "", "The fee is 40 eu-\nros.", "End."],
};
const NOTES = { name: "My Notes.PDF", pages: ["call", "the landlord"], used: [[1, 1]] as const };
const one = (text: string): string =>
  citationsIn(text, [LEASE])
    .map(({ page }) => page)
    .join(" ");
const two = (text: string): string =>
  citationsIn(text, [LEASE, NOTES])
    .map(({ file, page }) => `${file}/${page}`)
    .join(" ");

describe("citations in an answer", () => {
  it.each([
    ["It is 40 [p. 3].", "3"],
    ["[p.3] [p 3] [page 3] [Page 3] [S. 3] [pp. 3]", "3"],
    ["See [pp. 3-4] and [p. 1, 3].", "3 4 1"],
    ["[p. 3–4; p. 1]", "3 4 1"],
    ["[p. 1 and 4]", "1 4"],
    ["[lease.pdf, p. 3] [lease, p. 4] [file 1, p. 1]", "3 4 1"],
  ])("are read from %s", (text, pages) => {
    expect(one(text)).toBe(pages);
  });

  it.each([
    ["no page of that number: [p. 0] [p. 5] [p. 999999]"],
    ["a page without text: [p. 2]"],
    ["another file: [other.pdf, p. 1] [file 2, p. 1]"],
    ["no citation: [1] [3] [see p. 3 of it] [p. x] [a](p. 3) array[p] [p. -1]"],
    ["half a mark: [p. 3"],
  ])("are not %s", (text) => {
    expect(one(text)).toBe("");
  });

  it("with several files name theirs, by number or name, and pages that the engine was given", () => {
    expect(two("[file 1, p. 3] [2, p. 1] [my notes, p. 1] [Lease.pdf: page 4]")).toBe("0/3 1/1 0/4");
    expect(two("[p. 1] [file 2, p. 2] [file 3, p. 1] [file 0, p. 1]")).toBe("");
    expect(two("[file 1, p. 1; file 2, p. 1]")).toBe("0/1 1/1");
  });

  it("whose quote is not on the page are left out", () => {
    expect(one('It says "the fee is 40 euros" [p. 3].')).toBe("3");
    expect(one("It says “rent is … each month”. [p. 1]")).toBe("1");
    expect(one('It says "the fee is 50 euros" [p. 3].')).toBe("");
    expect(one('It says "the fee is 40 euros" [p. 1].')).toBe("");
    expect(one('It says "the fee is 50 euros", which I made up. The end is near [p. 4].')).toBe("4");
  });

  it("are at most 50, each once, also out of a hostile answer", () => {
    const pages = Array.from({ length: 500 }, () => "text");
    const all = Array.from({ length: 500 }, (_, index) => `[p. ${index + 1}] [p. 1-400000]`).join(" ");
    expect(citationsIn(all, [{ name: "a", pages }])).toHaveLength(50);
    expect(citationsIn('"'.repeat(200_000) + "[p. ".repeat(50_000), [LEASE])).toEqual([]);
    expect(citationsIn(`[${"p. 1 ".repeat(40)}]`.repeat(2000), [LEASE])).toEqual([]);
  });

  it("read a page once, however often an answer quotes from it", () => {
    let reads = 0;
    const long = `${"words ".repeat(1000)}the end`;
    const pages = { length: 1, 0: "" } as unknown as string[];
    Object.defineProperty(pages, 0, { get: () => (reads++, long) });
    const many = '"not there" [p. 1] '.repeat(20_000);
    expect(citationsIn(many, [{ name: "a", pages }])).toEqual([]);
    // `citationsIn` also reads the page for each citation mark that it examines, to see whether the page has text. If
    // all marks follow a quote, it examines about 200 of them.
    expect(reads).toBeLessThan(1000);
    expect(citationsIn(`"the end"${" ".repeat(500)}${"[p. 1]".repeat(1000)}`, [{ name: "a", pages }])).toHaveLength(1);
  });

  it("compare the names of files once, however many an answer makes up", () => {
    let reads = 0;
    const files = Array.from({ length: 8 }, (_, index) => ({
      get name() {
        reads++;
        return `file ${index}.pdf`;
      },
      pages: ["text"],
    }));
    expect(citationsIn("[no such file, p. 1]".repeat(50_000), files)).toEqual([]);
    expect(reads).toBeLessThanOrEqual(files.length);
    expect(citationsIn("[file 3.pdf, p. 1] [file 4, p. 1]", files)).toEqual([{ file: 3, page: 1 }]);
  });

  it("of the engine itself point at pages that it was given", () => {
    const given = [
      { file: 0, page: 3 },
      { file: 0, page: 9 },
      { file: 1, page: 2 },
      { file: 2, page: 1 },
    ];
    expect(validCitations(given, [LEASE, NOTES])).toEqual([{ file: 0, page: 3 }]);
  });
});
