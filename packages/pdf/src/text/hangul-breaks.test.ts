import { expect, it } from "vitest";
import { hangulBreaks } from "./hangul-breaks.ts";

const PAGE = [
  "항구는 아침에 문을 열고 배는 저녁에 나간다",
  "등대는 밤에 빛나고 바다는 아침에 잔잔하다",
  "사람들은 시장에 모이고 아이들은 학교에 간다",
];
const linesOf = (texts: readonly string[]): Array<{ text: string }> => texts.map((text) => ({ text }));

it("a syllable that ends other words of the page ends one at a line's end", () => {
  const isBreak = hangulBreaks(linesOf(PAGE));
  expect(isBreak("에", "배")).toBe(true);
  expect(isBreak("는", "항")).toBe(true);
});

it("one that stands within other words goes on in the next line", () => {
  const isBreak = hangulBreaks(linesOf(PAGE));
  expect(isBreak("사", "람")).toBe(false);
  expect(isBreak("아", "이")).toBe(false);
});

it("where blanks stand at line ends a line without one ends within a word", () => {
  expect(hangulBreaks(linesOf([...PAGE, "배는 저녁에 "]))("에", "배")).toBe(false);
});

it("a page without blanks has none at its line ends", () => {
  expect(hangulBreaks(linesOf(["항구는아침에문을열고배는저녁에나간다"]))("에", "배")).toBe(false);
});
