import { expect, it } from "vitest";
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
