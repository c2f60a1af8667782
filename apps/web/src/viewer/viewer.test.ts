import { expect, it } from "vitest";
import { quoteOf } from "./quote.ts";

const PAGE = ["The island has 40 houses. The light", "house of Norrholm was painted", " green in 1931. It rains."];

it("the sentence that an answer speaks of is marked, over its lines", () => {
  const marks = quoteOf(PAGE, "According to the report it **was painted green in 1931** (p. 2).");
  expect(marks.map(({ piece, from, to }) => PAGE[piece]?.slice(from, to))).toEqual([
    "The light",
    "house of Norrholm was painted",
    "green in 1931",
  ]);
});
it("nothing is marked where no words in a row are alike", () => {
  expect(quoteOf(PAGE, "I do not know the colour of the house.")).toEqual([]);
  expect(quoteOf([], "anything")).toEqual([]);
  expect(quoteOf(["这座灯塔是绿色的。下雨了。"], "灯塔是绿色的")).toEqual([{ piece: 0, from: 0, to: 8 }]);
});
