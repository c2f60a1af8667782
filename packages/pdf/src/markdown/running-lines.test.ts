import { expect, it } from "vitest";
import { withoutRunningLines } from "./running-lines.ts";

const TEXT = ["The lamp is lit.", "Oil is bought.", "The lens is cleaned.", "Nobody came.", "A storm began."];

it("headers and footers that recur are dropped, numbers aside", () => {
  const pages = TEXT.map((text, page) => `# Annual report\n\n${text}\n\nPage ${page + 1} of 5`);
  expect(withoutRunningLines(pages)).toEqual(TEXT);
});

it("those of left and right pages, and of a chapter, are known as well", () => {
  const head = (page: number): string => (page % 2 === 0 ? `${page}\tKeeping a lighthouse` : `1.${page} Oil\t${page}`);
  const pages = TEXT.map((text, page) => `${head(page)}\n\n${text}\n\nEnd ${text}`);
  expect(withoutRunningLines(pages)[0]).toBe(`${TEXT[0]}\n\nEnd ${TEXT[0]}`);
});

it("what stands on one or two pages stays, and so do tables and long paragraphs", () => {
  const long = "word ".repeat(30).trim();
  for (const pages of [["Title", "Text"], ["Same", "Same"], [long, long, long], Array(4).fill("| a |\n| --- |")])
    expect(withoutRunningLines(pages as string[])).toEqual(pages);
});
