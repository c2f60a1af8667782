import { describe, expect, it } from "vitest";
import { hangulBreaks, phraseBreaks } from "./word-breaks.ts";

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

it("two syllables that end other words end one at a line's end, also if the last one alone stands within words", () => {
  const isBreak = hangulBreaks(
    linesOf(["학교에서 온 서류가 서서히", "시장에서 본 서점이 서쪽", "그 서울의 서랍에서 온 종이"]),
  );
  expect(isBreak("항구에서", "달이")).toBe(true);
  expect(isBreak("그 도서", "달이")).toBe(false);
});

it("where blanks stand at line ends a line without one ends within a word", () => {
  expect(hangulBreaks(linesOf([...PAGE, "배는 저녁에 "]))("에", "배")).toBe(false);
});

it("a page without blanks has none at its line ends", () => {
  expect(hangulBreaks(linesOf(["항구는아침에문을열고배는저녁에나간다"]))("에", "배")).toBe(false);
});

describe("Burmese and Lao, which have blanks between phrases only", () => {
  const [KA, KHA, GA, STOP] = ["\u1000", "\u1001", "\u1002", "\u104b"];
  const page = linesOf([
    `${KA}${KHA}${STOP} ${GA}${KA}`,
    `${GA}${KHA}${STOP} ${KHA}${KA}${GA}${KA}`,
    `${KHA}${STOP} ${GA}`,
  ]);

  it("a line that ends with a full stop ends with a blank", () => {
    expect(phraseBreaks(page)(`${GA}${KA}${KHA}${STOP}`, GA)).toBe(true);
  });

  it("one that ends as words within phrases do goes on in the next line", () => {
    expect(phraseBreaks(page)(`${KHA}${GA}`, `${KA}${KHA}`)).toBe(false);
  });

  it("of Thai nothing is guessed: its phrases are too long to learn their ends from a page", () => {
    const thai = linesOf(["\u0e01\u0e02 \u0e01\u0e04 \u0e01\u0e02 \u0e01"]);
    expect(phraseBreaks(thai)("\u0e01\u0e02", "\u0e01\u0e04")).toBe(false);
  });
});
