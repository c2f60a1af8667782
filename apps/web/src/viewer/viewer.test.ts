import { expect, it } from "vitest";
import { pagesOf } from "./pages-read.ts";
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
it("a text is told apart by its pages, also where a page has such a heading itself", () => {
  expect(pagesOf("## Page 1\n\none\n\n## Page 7\n\nx\n\n## Page 2\n\n\n\n## Page 3\n\nthree\n")).toEqual([
    "one\n\n## Page 7\n\nx",
    "",
    "three",
  ]);
  expect(pagesOf("")).toEqual([]);
});
