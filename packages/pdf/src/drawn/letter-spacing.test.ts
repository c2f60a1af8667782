import { describe, expect, it } from "vitest";
import { HELVETICA, onePage, textOf } from "../../test/one-page.ts";
import { withoutSpacing } from "./letter-spacing.ts";

const SENTENCE = "The river flooded twice that winter, and the school";
/** The operand of TJ that draws a text with a step to the right after each letter, in thousandths of an em. */
const spaced = (text: string, step: number): string => [...text].map((sign) => `(${sign}) ${-step}`).join(" ");
const read = (parts: string, y = 700): Promise<string> =>
  textOf(onePage({ content: `BT /F1 12 Tf 40 ${y} Td [${parts}] TJ ET` }));

describe("a line whose letters are spaced out", () => {
  it.each([90, 130, 170, 250, 400])(
    "is read in words if its blanks are drawn: %d thousandths of an em",
    async (step) => {
      expect(await read(spaced(SENTENCE, step))).toBe(SENTENCE);
    },
  );

  it.each([90, 130, 170, 250, 400])(
    "is read in words if its blanks are gaps: %d thousandths of an em",
    async (step) => {
      const words = SENTENCE.split(" ").map((word) => spaced(word, step));
      expect(await read(words.join(" -278 "))).toBe(SENTENCE);
    },
  );

  it("has blanks, not tabs, between words if it begins with a small number", async () => {
    const words = SENTENCE.split(" ").map((word) => spaced(word, 200));
    const content = `BT /F1 5 Tf 34 700 Td (2) Tj /F1 12 Tf [-400 ${words.join(" -550 ")}] TJ ET`;
    expect(await textOf(onePage({ content }))).toBe(`2 ${SENTENCE}`);
  });

  it("is read in words if each letter is an object of its own", async () => {
    const font = HELVETICA.replace("Helvetica", "Courier");
    const letters = [..."CHAPTER SIX"].map((sign, at) =>
      sign === " " ? "" : `1 0 0 1 ${40 + at * 9} 700 Tm (${sign}) Tj `,
    );
    expect(await textOf(onePage({ content: `BT /F1 12 Tf ${letters.join("")} ET`, font }))).toBe("CHAPTER SIX");
  });
});

it("a line whose words are spread over columns, as in LaTeX's listings, has the blanks that stand between words", async () => {
  // How far apart the letters of each word are, in thousandths of an em: the narrower its letters, the farther.
  const words = { the: 47, same: 9, directory: 150, as: 110, preconfiguration: 170, file: 330, that: 250 };
  const parts = Object.entries(words).map(([word, step]) => spaced(word, step));
  expect(await read(parts.join(" -600 "))).toBe(Object.keys(words).join(" "));
});

it.each([
  ["words", "a x b of y c set z"],
  ["letters", "A B C D E F G H"],
  ["digits", "1 2 3 4 5 6 7 8"],
])("%s that stand alone keep their blanks", async (_what, text) => {
  expect(
    await read(
      text
        .split(" ")
        .map((word) => `(${word})`)
        .join(" -550 "),
    ),
  ).toBe(text);
});

it("a line of prose with a formula is none whose letters are spaced out, though its gaps differ", () => {
  const text = "the wave moves with f(s;t) = x + y";
  const gapAfter = (at: number): number => (/[=+]/.test(text.slice(at, at + 3)) ? 6 : text[at + 1] === " " ? 2 : 0);
  const letters = {
    of: () => undefined,
    objectOf: () => 1,
    isGenerated: () => true,
    advanceGap: (one: number) => (text[one] === ";" ? 1.4 : gapAfter(one)),
  };
  expect(withoutSpacing(letters, { text, start: 0, size: 10 }, 0.1)).toBeUndefined();
});
