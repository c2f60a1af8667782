import { expect, it } from "vitest";
import type { Letters } from "./pdfium-letters.ts";
import { blanksOf, overlookedOn, withCells, withOverlooked, type Blanks } from "./pdfium-blanks.ts";

/*
 * Letters at the positions that PDFium reports for fonts that draw a combining sign back over the letter before it. In
 * text of these fonts, PDFium makes no blanks between words.
 */

const SIZE = 10;
type Placed = readonly [text: string, left: number, right: number, advanced?: number];

function textOf(...signs: readonly Placed[]): string {
  const text = signs.map(([sign]) => sign).join("");
  const at = (index: number): Placed => signs[index] as Placed;
  const gap = (one: number, other: number): number => Math.max(0, at(other)[1] - at(one)[2]);
  const letters = { gap, advanceGap: (one: number, other: number) => at(other)[1] - (at(one)[3] ?? at(one)[2]) };
  const page = { raw: text, letters, blankEm: 0.18 } as unknown as Blanks;
  return withOverlooked(page, text, { text, start: 0, first: 0, size: SIZE });
}

it("a gap between letters of Hangul is a blank", () => {
  expect(textOf(["몸", 0, 9], ["삼", 13, 22], ["기", 22, 31], ["실", 31, 40])).toBe("몸 삼기실");
});

it("a gap behind a sign over the letter is one where the letter ends before it, too", () => {
  expect(textOf(["ल", 0, 9], ["\u0947", 5, 7], ["आ", 11, 20], ["ह", 20, 27])).toBe("ल\u0947 आह");
  expect(textOf(["ल", 0, 9], ["\u0947", 5, 7], ["आ", 10, 20], ["ह", 20, 27])).toBe("ल\u0947आह");
});

it("what a letter leaves free at its side is no blank, nor are the gaps of spaced letters", () => {
  expect(textOf(["이", 0, 6, 9], ["몸", 9, 18], ["을", 18, 27])).toBe("이몸을");
  expect(textOf(["서", 0, 9], ["울", 13, 22], ["역", 26, 35])).toBe("서울역");
});

/** A line of letters that are half an em wide. Each bar (`|`) in `text` stands for a gap of `gap` points. */
function latin(text: string, gap: number): string {
  let right = 0;
  const signs = [...text].flatMap((sign): Placed[] => {
    if (sign === "|") right += gap;
    else right += SIZE / 2;
    return sign === "|" ? [] : [[sign, right - SIZE / 2, right]];
  });
  const raw = signs.map(([sign]) => sign).join("");
  const at = (index: number): Placed => signs[index] as Placed;
  const apart = (one: number, other: number): number => at(other)[1] - at(one)[2];
  const letters = { gap: apart, advanceGap: apart, of: () => ({ size: SIZE }) } as unknown as Letters;
  const overlooked = overlookedOn(letters, raw);
  if (!overlooked) return raw;
  const page = { raw, letters, blankEm: 0, drawsBlanks: false, overlooked };
  return withOverlooked(page, raw, { text: raw, start: 0, first: 0, size: SIZE });
}

it("narrow gaps between words of an alphabet are blanks on a page with words run together", () => {
  expect(latin("after|recognizing|the (recorded|investment|)", 2)).toBe("after recognizing the (recorded investment)");
});

it("gaps that are no wider than between letters are no blanks", () => {
  expect(latin("after|recognizing|the recorded|investment", 1.5)).toBe("afterrecognizingthe recordedinvestment");
  expect(latin("i|n|t|e|r|n|a|t|i|o|n|a|l|l|y", 3)).toBe("internationally");
});

/* Khmer, where PDFium makes narrow blanks after clusters. `made`: whether PDFium has made the character. */

type Drawn = readonly [text: string, left: number, right: number, made?: boolean];

function lettersAt(signs: readonly Drawn[]): { raw: string; letters: Letters } {
  const at = (index: number): Drawn => signs[index] as Drawn;
  const letters = {
    of: (index: number) => ({ left: at(index)[1], right: at(index)[2], size: SIZE }),
    gap: (one: number, other: number) => Math.max(0, at(other)[1] - at(one)[2]),
    isGenerated: (index: number) => at(index)[3] === true,
    isBetween: () => true,
  } as unknown as Letters;
  return { raw: signs.map(([sign]) => sign).join(""), letters };
}

/** Letters of Khmer, each 9 points wide. After each letter: the gap in points, or a drawn blank that is 3 points wide. */
function khmer(...after: ReadonlyArray<number | "drawn">): Drawn[] {
  let left = 0;
  const drawn = after.flatMap((gap): Drawn[] => {
    const letter: Drawn = ["\u1780", left, left + 9];
    const width = gap === "drawn" ? 3 : gap;
    left += 9 + width;
    return [letter, gap === "drawn" ? [" ", left - 3, left] : [" ", left - width - 9, left - width - 9, true]];
  });
  return [...drawn, ["\u1780", left, left + 9]];
}

it("a page of Khmer draws its blanks even if PDFium has made far more narrow ones", () => {
  const narrow = Array.from({ length: 20 }, () => 2.4);
  const drawn = lettersAt(khmer(...narrow, "drawn", "drawn", "drawn"));
  expect(blanksOf(drawn.letters, drawn.raw)).toEqual({ blankEm: 1.1, drawsBlanks: true });
  const single = lettersAt(khmer(...narrow, "drawn"));
  expect(blanksOf(single.letters, single.raw).drawsBlanks).toBe(false);
  const wide = lettersAt(khmer(...narrow.map(() => 2.8), "drawn"));
  expect(blanksOf(wide.letters, wide.raw).drawsBlanks).toBe(false);
});

it("a drawn blank of Khmer after one that PDFium made is no gap between cells", () => {
  const [ka, nya] = ["\u1780", "\u1789"];
  const signs: Drawn[] = [
    [ka, 0, 20],
    [" ", 0, 0, true],
    [" ", 20, 23],
    [nya, 23, 33],
  ];
  const { raw, letters } = lettersAt(signs);
  const page = { raw, letters, blankEm: 1.1, drawsBlanks: true };
  expect(withCells(page, { text: raw, start: 0, first: 0, size: SIZE }).text).toBe(`${ka} ${nya}`);
});
