import { describe, expect, it, vi } from "vitest";
import type { Line } from "./layout.ts";
import { mendLines } from "./mend-lines.ts";

const piece = (text: string, left: number): Line => ({
  text,
  left,
  right: left + 6 * text.trim().length,
  baseline: 700,
  size: 12,
});

it.each([
  ["at the beginning of the second one", "the 240th", " and the 260th"],
  ["at the end of the first one", "the 240th ", "and the 260th"],
])("a blank that is drawn between two pieces of a line is kept, however narrow: %s", (_where, one, other) => {
  const lines = mendLines([piece(one, 72), piece(other, 72 + 54 + 3)]);
  expect(lines.map(({ text }) => text)).toEqual(["the 240th and the 260th"]);
});

it("compares a line only with lines that begin near it, however many have the same text", () => {
  let looks = 0;
  const lines = Array.from({ length: 1000 }, (_, at) => ({
    text: "a",
    left: 50,
    right: 55,
    size: 10,
    get baseline() {
      looks++;
      return -12 * at;
    },
  }));
  expect(mendLines(lines)).toHaveLength(1000);
  expect(looks).toBeLessThan(10 * lines.length);
});

it("joins the letters of a line without looking at all letters before each of them", () => {
  let tested = 0;
  const { test } = RegExp.prototype;
  vi.spyOn(RegExp.prototype, "test").mockImplementation(function (this: RegExp, text) {
    tested += text.length;
    return test.call(this, text);
  });
  const lines = Array.from({ length: 2000 }, (_, at) => {
    const place = { left: 5 * at, right: 5 * at + 5 };
    return { text: "a", ...place, baseline: 0, size: 10, words: [place] };
  });
  const [line, ...others] = mendLines(lines);
  vi.restoreAllMocks();
  expect([line?.text, line?.words?.length, others]).toEqual(["a".repeat(2000), 2000, []]);
  expect(tested).toBeLessThan(10 * lines.length);
});

describe("an index that PDFium takes for a line of its own", () => {
  const index = (text: string, left: number, up: number, size = 7): Line => ({
    text,
    left,
    right: left + 4 * text.trim().length,
    baseline: 700 + up,
    size,
  });
  const read = (...lines: readonly Line[]): string[] => mendLines(lines).map(({ text }) => text);

  it.each([
    ["raised", 5],
    ["lowered", -3],
  ])("belongs to its line: %s", (_where, up) => {
    expect(read(piece("of dm", 72), index("3", 102, up), piece("litres", 109))).toEqual(["of dm3 litres"]);
    expect(read(piece("of dm", 72), index("3", 102, up), piece(", so", 106.5))).toEqual(["of dm3, so"]);
  });

  it.each([
    ["raised", 5, "of 10\u00b3 litres"],
    ["lowered", -3, "of 10\u2083 litres"],
    ["but does so on the same baseline", 0, "of 103 litres"],
  ])("does not become a part of the number before it: %s", (_where, up, text) => {
    expect(read(piece("of 10", 72), index("3", 102, up), piece("litres", 109))).toEqual([text]);
  });

  it.each([
    ["as large as its line", index("3", 102, 5, 11)],
    ["too high above it", index("3", 102, 9)],
    ["apart from it", index("3", 110, 5)],
    ["of several words", index("a b", 102, 5)],
    ["longer than an index", index("another", 102, 5)],
  ])("is a line of its own if it is %s", (_how, other) => {
    expect(read(piece("of 10", 72), other)).toEqual(["of 10", other.text]);
  });
});
