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
