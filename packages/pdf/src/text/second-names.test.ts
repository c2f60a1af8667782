import { describe, expect, it } from "vitest";
import { withNames, type Guesses } from "./second-names.ts";

/**
 * In these tests, A is the mark for a letter that PDFium guessed to be é, and B for a letter that it guessed to be a
 * control character.
 */
const GUESSES: Guesses = new Map([
  ["\ue200", { guess: "\u00e9", fallback: "\ufffd" }],
  ["\ue201", { guess: "\u001e", fallback: "\ufffd" }],
]);
const marked = (text: string): string => text.replaceAll("A", "\ue200").replaceAll("B", "\ue201");
const named = (text: string, other: string): string =>
  withNames([{ text: marked(text), left: 0, right: 1, baseline: 0, size: 1 }], GUESSES, other)[0]?.text ?? "";

describe("letters that another engine names", () => {
  it.each([
    ["in the same word", "the staB is here", "where\nthe staff is here", "the staff is here"],
    ["several of one word", "oBcA x", "o\ufb03ce x", "office x"],
    ["by its neighbours", "big staB. low staB.", "big staff. low stair.", "big staff. low stair."],
    ["with a blank behind the glyph", "a Been", "a qu een", "a queen"],
    ["as in another word, where no neighbour tells", "Boe staB", "staff aaoe bboe", "ffoe staff"],
    ["beside a word with a hyphen", "staB non-free", "staff non-free", "staff non-free"],
    ["beside signs of patterns", "(staB)* [x]", "(staff)* [x]", "(staff)* [x]"],
  ])("%s", (_what, text, other, read) => {
    expect(named(text, other)).toBe(read);
  });

  it.each([
    ["there is no such word", "staB", "chair"],
    ["its places differ", "staB", "staff stair"],
    ["it guesses the same", "cafA", "caf\u00e9"],
    ["it has no letter either", "staB", "sta\u001e"],
    ["it says nothing", "staB", ""],
    ["a word has more of them than a word has", "BBBBBBBBBBBB", "abcdefghijklmnopq"],
  ])("stay unknown where %s", (_what, text, other) => {
    expect(named(text, other)).toBe(text.replace(/[AB]/g, "\ufffd"));
  });

  it("keep the guess where the other engine has it, too, and get no letters of another word", () => {
    const commas: Guesses = new Map([["\ue200", { guess: ",", fallback: "," }]]);
    const read = (text: string, other: string): string =>
      withNames([{ text: text.replaceAll(",", "\ue200"), left: 0, right: 1, baseline: 0, size: 1 }], commas, other)[0]
        ?.text ?? "";
    const text = "of habits, and of virtues, which";
    expect(read(text, text)).toBe(text);
    expect(read("a habit, is one of the habits", "a habit, is one of the habits")).toBe(
      "a habit, is one of the habits",
    );
  });

  it("are found in a word that has a right guess, too", () => {
    const both: Guesses = new Map([
      ["\ue200", { guess: "A", fallback: "A" }],
      ["\ue201", { guess: "\u00cc", fallback: "\ufffd" }],
    ]);
    expect(
      withNames(
        [{ text: "the \ue200ng\ue201nger", left: 0, right: 1, baseline: 0, size: 1 }],
        both,
        "the Ang\u0142nger",
      )[0]?.text,
    ).toBe("the Ang\u0142nger");
  });

  it("are looked for a bounded number of times", () => {
    const text = Array.from({ length: 3000 }, (_, at) => `w${at}B`).join(" ");
    let word = 0;
    const other = text.replace(/B/g, () => (word++ % 2 ? "ff" : "fi"));
    const found = named(text, other).match(/f[fi]/g)?.length ?? 0;
    expect(found).toBeGreaterThan(100);
    expect(found).toBeLessThan(1100);
  });
});
