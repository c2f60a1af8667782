import { expect, it } from "vitest";
import { isSpace, spaceEnd, spaceStart } from "./space.ts";

it("takes for white space what a pattern does", () => {
  for (let unit = 0; unit <= 0xffff; unit++)
    if (isSpace(unit) !== /\s/.test(String.fromCharCode(unit))) expect.fail(unit.toString(16));
});

it.each([
  ["", 0, 0],
  [" \t", 2, 0],
  ["a", 0, 1],
  ["\u3000a b\u00a0\n", 1, 4],
])("finds where the text of %j begins and ends", (text, begin, end) => {
  expect([spaceEnd(text), spaceStart(text)]).toEqual([begin, end]);
});
