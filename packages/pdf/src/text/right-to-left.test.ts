import { describe, expect, it } from "vitest";
import { inReadingOrder, isMostlyRtl, type PlacedSign } from "./right-to-left.ts";

const EM = 10;
const WIDTH = 5;

/**
 * The characters of a line that has, from left to right, the characters of `visual`. `as`: the order in which they are
 * given.
 */
function drawn(visual: string, as: "visual" | "reversed" | "shuffled" = "visual"): PlacedSign[] {
  const signs = [...visual].map((text, at) => ({ text, left: at * WIDTH, right: (at + 1) * WIDTH, x: at * WIDTH }));
  const ink = signs.filter(({ text }) => text !== " ");
  const inOrder = {
    visual: () => ink,
    reversed: () => ink.toReversed(),
    shuffled: () => ink.toSorted((one, other) => ((one.x * 7) % 11) - ((other.x * 7) % 11)),
  }[as]();
  // With gaps between the indexes, only the positions show which character follows which.
  return inOrder.map((sign, index) => ({ ...sign, index: index * 2 }));
}

const reversed = (text: string): string => [...text].reverse().join("");

describe("a line with right-to-left letters, read from where they stand", () => {
  it.each(["visual", "reversed", "shuffled"] as const)("is the same for any order of its letters: %s", (as) => {
    expect(inReadingOrder(drawn(reversed("הספר נמצא כאן"), as), { size: EM })).toBe("הספר נמצא כאן");
  });

  it.each([
    ["a Latin word", "ההתקנה של Linux כאן", `${reversed("כאן")} Linux ${reversed("ההתקנה של")}`],
    ["two Latin words", "של Debian Linux כאן", `${reversed("כאן")} Debian Linux ${reversed("של")}`],
    ["a number", "בשנת 1911 נבנה", `${reversed("נבנה")} 1911 ${reversed("בשנת")}`],
    ["a date", "ביום 3.6.2024 בערב", `${reversed("בערב")} 3.6.2024 ${reversed("ביום")}`],
    ["a percentage behind a hyphen", "(כ-12.5%) מהם", `${reversed("מהם")} (12.5%-כ)`],
    ["a percentage", "בערך 45% מהם", `${reversed("מהם")} 45% ${reversed("בערך")}`],
    ["a word and its number", "גרסת Windows 10 כאן", `${reversed("כאן")} Windows 10 ${reversed("גרסת")}`],
    ["a command", "הקלידו \\use{box} כאן", `${reversed("כאן")} \\use{box} ${reversed("הקלידו")}`],
    ["a sentence's end behind Latin", "גרסה של Linux.", `.Linux ${reversed("גרסה של")}`],
    [
      "a percentage beside Arabic, whose sign stands at its left",
      "نحو 45% منهم",
      `${reversed("منهم")} %45 ${reversed("نحو")}`,
    ],
    ["Persian separators in a number", "به ۱٬۲۵۰ ریال", `${reversed("ریال")} ۱٬۲۵۰ ${reversed("به")}`],
    ["brackets as they are drawn", "ספר (גדול) כאן", `${reversed("כאן")} (${reversed("גדול")}) ${reversed("ספר")}`],
  ])("keeps %s", (_what, text, visual) => {
    expect(inReadingOrder(drawn(visual), { size: EM })).toBe(text);
  });

  it("that is Latin but for a word is read from the left", () => {
    expect(inReadingOrder(drawn(`the word ${reversed("ספר")} means book`), { size: EM })).toBe(
      "the word ספר means book",
    );
  });

  it("without right-to-left letters is read from the left", () => {
    expect(inReadingOrder(drawn("The Garden of Lemons", "reversed"), { size: EM })).toBe("The Garden of Lemons");
  });

  it("has the letters of a ligature in order, whether PDFium reversed them or not", () => {
    const signs = (given: string): PlacedSign[] =>
      [..."حXصا"].flatMap((letter, at) =>
        [...(letter === "X" ? given : letter)].map((text, part) => {
          const [left, right] = [at * WIDTH, (at + 1) * WIDTH];
          return { text, left, right, x: left, index: 10 - 2 * at + part };
        }),
      );
    expect(inReadingOrder(signs("لا"), { size: EM })).toBe("اصلاح");
    expect(inReadingOrder(signs("ال"), { size: EM })).toBe("اصلاح");
    expect(inReadingOrder(signs("لأ"), { size: EM })).toBe("اصلأح");
    expect(inReadingOrder(signs("الله"), { size: EM })).toBe("اصاللهح");
    expect(inReadingOrder(signs("هللا"), { size: EM })).toBe("اصاللهح");
    expect(inReadingOrder(signs("جح"), { size: EM })).toBe("اصحجح");
    // Two letters of one glyph, in reverse order, may be the letters of another ligature.
    for (const pair of ["مع", "مل", "بن", "يل", "ام"])
      expect(inReadingOrder(signs(reversed(pair)), { size: EM })).toBe(`اص${pair}ح`);
  });

  it("is read in time if many letters are drawn at one place", () => {
    // If the text of all letters so far were compared for each letter, this would take minutes and exceed the time
    // limit.
    const signs = Array.from({ length: 200_000 }, (_, index) => ({ text: "ا", left: 0, right: 5, x: 0, index }));
    expect(inReadingOrder(signs, { size: EM })).toHaveLength(signs.length);
  });

  it("has the blanks between Latin words that PDFium has, however narrow they are", () => {
    const [first, ...words] = drawn(`${reversed("אב")} ABCD`).map((sign, index) => ({ ...sign, index }));
    const [one, two] = [words.slice(0, 3), words.slice(3)];
    const blank = { text: " ", index: 4, left: 25, right: 25, x: 25 };
    const apart = two.map((sign) => ({ ...sign, index: sign.index + 1, left: sign.left + 1, right: sign.right + 1 }));
    expect(inReadingOrder([first!, ...one, blank, ...apart], { size: EM, rtl: false })).toBe("אב AB CD");
  });

  it("has a lam-alef in order whose parts are drawn from one place, and no blank within brackets", () => {
    const signs: PlacedSign[] = [
      { text: "\u0644", index: 0, left: 23, right: 27, x: 20 },
      { text: "\u0627", index: 1, left: 20.5, right: 27.5, x: 20.1 },
      { text: "(", index: 5, left: 16, right: 18, x: 15 },
    ];
    expect(inReadingOrder(signs, { size: EM })).toBe("\u0644\u0627(");
  });

  it("has no blank between a number and the full stop behind it, where the digits are narrow", () => {
    const signs: PlacedSign[] = [
      { text: "\u0629", index: 0, left: 30, right: 34, x: 30 },
      { text: "\u06f1", index: 2, left: 11.5, right: 13, x: 10 },
      { text: "\u06f0", index: 3, left: 16, right: 18, x: 15 },
      { text: "\u06d4", index: 4, left: 6, right: 8, x: 5 },
    ];
    expect(inReadingOrder(signs, { size: EM })).toBe("\u0629 \u06f1\u06f0\u06d4");
  });

  it.each([
    ["A Latin word", "A"],
    ["A number", "7"],
  ])("%s keeps the blank between its comma and the right-to-left word behind", (_what, text) => {
    const signs: PlacedSign[] = [
      { text, index: 0, left: 0, right: 6, x: 0 },
      { text: ",", index: 1, left: 6, right: 8, x: 6 },
      { text: "\u05d0", index: 3, left: 11, right: 16, x: 11 },
      { text: "\u05d1", index: 4, left: 16, right: 21, x: 16 },
    ];
    const latin: PlacedSign = { text: "B", index: 6, left: -9, right: -3, x: -9 };
    expect(inReadingOrder(text === "A" ? signs : [latin, ...signs], { size: EM, rtl: false })).toMatch(
      /[A7], \u05d1\u05d0$/,
    );
  });

  it("keeps a mark with its letter, and the letters of one glyph in their order", () => {
    const [lam, alef] = ["\u0644", "\u0627"];
    const signs: PlacedSign[] = [
      { text: alef, index: 0, left: 10, right: 18, x: 10 },
      { text: lam, index: 1, left: 10, right: 18, x: 10 },
      { text: "\u064b", index: 2, left: 24, right: 27, x: 24 },
      { text: "\u0628", index: 3, left: 20, right: 30, x: 20 },
    ];
    expect(inReadingOrder(signs, { size: EM })).toBe("\u0628\u064b\u0644\u0627");
  });

  it.each([
    ["a joiner", "\u200c", 10],
    ["the blank that a program has for one", " ", 12],
  ])("has %s behind the letter at whose place it stands", (_what, between, right) => {
    const signs: PlacedSign[] = [
      { text: "\u0645", index: 0, left: 18, right: 22, x: 18 },
      { text: "\u06cc", index: 1, left: 11, right: 18.5, x: 10 },
      { text: between, index: 2, left: 10, right, x: 10 },
      { text: "\u0622", index: 3, left: 7, right: 10, x: 7 },
    ];
    expect(inReadingOrder(signs, { size: EM })).toBe(`\u0645\u06cc${between}\u0622`);
  });
});

it("a text is mostly right-to-left by its letters: marks and digits do not count", () => {
  expect(isMostlyRtl("\u05d0\u05d1 a")).toBe(true);
  expect(isMostlyRtl("\u05d0\u05b8\u05b0\u05bc abc")).toBe(false);
  expect(isMostlyRtl("\u0627 \u0661\u0662\u0663\u0664 abc")).toBe(false);
});
