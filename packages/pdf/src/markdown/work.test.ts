import { afterEach, describe, expect, it, vi } from "vitest";
import type { Line } from "../text/layout.ts";
import type { Rules } from "../text/styled.ts";
import { pageMarkdown } from "./page-markdown.ts";

/* A page of thousands of pieces of text, which may be hostile, must not take much longer for each of them. */

afterEach(() => vi.restoreAllMocks());

interface Page {
  readonly lines: readonly Line[];
  readonly rules?: Rules;
}

/**
 * How often the texts and positions of a page's lines are read, how many numbers are compared, and how many characters
 * are tested, to make Markdown of the page.
 */
function workOf({ lines, rules }: Page): number {
  let work = 0;
  for (const name of ["min", "max"] as const) {
    const original = Math[name];
    vi.spyOn(Math, name).mockImplementation((...numbers) => ((work += numbers.length), original(...numbers)));
  }
  const { test } = RegExp.prototype;
  vi.spyOn(RegExp.prototype, "test").mockImplementation(function (this: RegExp, text) {
    work += text.length;
    return test.call(this, text);
  });
  const watched = lines.map((line) => {
    const seen = { ...line };
    for (const name of ["text", "left", "right", "baseline"] as const)
      Object.defineProperty(seen, name, { enumerable: true, get: () => (work++, line[name]) });
    return seen;
  });
  pageMarkdown(watched, { rules });
  vi.restoreAllMocks();
  return work;
}

const SIZE = 10;
const WORD = "lighthouse";
const piece = (text: string, left: number, baseline: number, width = 5 * text.length): Line => ({
  text,
  left,
  right: left + width,
  baseline,
  size: SIZE,
});
const times = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

const PAGES: Record<string, (count: number) => Page> = {
  "rows of a table": (count) => ({
    lines: times(count).flatMap((row) => [
      piece("alpha", 50, -12 * row),
      piece("beta", 150, -12 * row),
      piece(`${row}`, 250, -12 * row),
    ]),
  }),
  "rows with a second line in one cell": (count) => ({
    lines: times(count).flatMap((row) => [
      piece("alpha", 50, -30 * row),
      piece("beta", 150, -30 * row),
      piece("gamma", 150, -30 * row - 12),
    ]),
  }),
  "rows with lines drawn between them": (count) => ({
    lines: times(count).flatMap((row) => [piece("alpha", 50, -20 * row), piece("beta", 150, -20 * row)]),
    rules: {
      across: times(count).map((row) => ({ y: -20 * row - 5, left: 40, right: 200 })),
      upright: times(count).map((row) => ({ x: 100, bottom: -20 * row - 5, top: -20 * row + 15 })),
    },
  }),
  "rows beside lines that are drawn at many places": (count) => ({
    lines: times(count).flatMap((row) => [piece("alpha", 50, -20 * row), piece("beta", 250, -20 * row)]),
    rules: { across: [], upright: times(count).map((at) => ({ x: 100 + at / 100, bottom: 0, top: 1 })) },
  }),
  "single letters, spread over the page": (count) => ({
    lines: times(count).map((at) => piece("a", 15 * (at % 20), -15 * Math.floor(at / 20))),
  }),
  "letters narrower than half a point, one row below the other": (count) => ({
    lines: times(count).flatMap((row) => [
      piece("i", 50 + (row % 7), -12 * row, 0.4),
      piece("l", 150 + (row % 7), -12 * row, 0.4),
    ]),
  }),
  "words that are broken with hyphens": (count) => ({
    lines: times(count).map((at) => piece(`${WORD} and ${WORD}-`, 50, -12 * at)),
  }),
  "footnotes with the same mark": (count) => ({
    lines: [
      ...times(count).map((at) => piece(`${WORD}* ${WORD} ${at}.`, 50, -24 * at)),
      ...times(count).map((at) => ({ ...piece(`* ${WORD}`, 50, -24 * count - 12 * at), size: 8 })),
    ],
  }),
  "two rows of many cells": (count) => ({
    lines: times(count).map((at) => piece("a", 20 * (at >> 1), -12 * (at % 2))),
  }),
};

describe("the work to make Markdown of a page grows no faster than its length", () => {
  it.each(Object.keys(PAGES))("%s", (name) => {
    const page = PAGES[name]!;
    const [some, more] = [workOf(page(400)), workOf(page(1600))];
    // Four times as many pieces, each of which is compared with the logarithm of their number.
    expect(more / some).toBeLessThan((4 * Math.log(1600)) / Math.log(400));
  });
});

it("a page of more words than a real one has becomes paragraphs", () => {
  const lines = times(130_000).map((at) => piece("a", 50, -12 * at));
  expect(pageMarkdown(lines)).toMatch(/^a\n\na/);
});

it("a grid of many cells is filled only a few times, however often other text is between its texts", () => {
  const floor = vi.spyOn(Math, "floor");
  const [rows, columns] = [1600, 2];
  const lines = times(rows / 10).flatMap((at) => [piece("in", 5, -50 * at - 8), piece("out", 200, -50 * at - 8)]);
  const across = times(rows + 1).map((at) => ({ y: -5 * at, left: 0, right: 100 }));
  const upright = [0, 50, 100].map((x) => ({ x, bottom: -5 * rows, top: 0 }));
  expect(pageMarkdown(lines, { rules: { across, upright } })).toContain("in");
  // Each time that the grid is filled, the row of each cell is computed twice.
  expect(floor.mock.calls.length).toBeLessThan(2 * rows * columns * 20);
});
