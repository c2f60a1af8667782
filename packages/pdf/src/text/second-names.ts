import type { Line } from "./layout.ts";

/**
 * For each mark (a character that takes the place of an unnamed letter): PDFium's guess for the letter, and the text
 * that replaces the mark if no other PDF engine names the letter.
 */
export type Guesses = ReadonlyMap<string, { readonly guess: string; readonly fallback: string }>;

/**
 * The most searches for words in the other PDF engine's text of a page, and the most characters that all these searches
 * read together. Each search counts as reading the whole text.
 */
const [MAX_WORDS, MAX_SCANNED] = [1000, 5_000_000] as const;
/** A word with more marks is not searched for: trying all numbers of letters for each mark would take too long. */
const MAX_MARKS = 3;
/** A word is compared at no more than this many places of the other PDF engine's text. */
const MAX_PLACES = 50;
/** How many letters one glyph stands for at most. */
const MAX_LETTERS = 6;
const LETTERS = /^[\p{L}\p{M}'’]+$/u;
const LIGATURE = /[\ufb00-\ufb06]/g;

/**
 * Replaces the marks in lines by letters. `other`: another PDF engine's text of the same page. A mark becomes what this
 * text has at its place, in the same word between the same neighbouring words. If this text has nothing there, or what
 * PDFium guessed, the mark becomes its fallback.
 */
export function withNames(lines: readonly Line[], guesses: Guesses, other: string): Line[] {
  const marks = new RegExp(`[${[...guesses.keys()].join("")}]`, "gu");
  const text = spelled(other);
  const known = new Map<string, readonly string[] | undefined>();
  let looks = 0;
  const lettersOf = (words: readonly string[], at: number): readonly string[] | undefined => {
    if ((words[at]?.match(marks) ?? []).length > MAX_MARKS) return undefined;
    for (const [from, to] of [
      [at - 1, at + 1],
      [at - 1, at],
      [at, at + 1],
      [at, at],
    ] as const) {
      const context = words.slice(Math.max(0, from), to + 1);
      // A neighbouring word with marks cannot be found in the other PDF engine's text, so this `context` is not
      // searched for.
      if (context.some((word, index) => index !== at - Math.max(0, from) && word.search(marks) >= 0)) continue;
      const key = `${at - Math.max(0, from)} ${context.join(" ")}`;
      if (!known.has(key)) {
        if (looks++ > MAX_WORDS || looks * text.length > MAX_SCANNED) return undefined;
        known.set(key, find(text, context, at - Math.max(0, from), { marks, guesses }));
      }
      const found = known.get(key);
      if (found) return found;
    }
    return undefined;
  };
  const names = new Map<string, Set<string>>();
  const mend = (line: Line, letterOf: (sign: string, found: string | undefined) => string): Line => {
    if (line.text.search(marks) < 0) return line;
    const words = line.text.split(/\s+/);
    let at = -1;
    const mended = line.text.replace(/\S+/g, (word) => {
      at = words.indexOf(word, at + 1);
      if (word.search(marks) < 0) return word;
      const letters = lettersOf(words, at);
      let mark = 0;
      return word.replace(marks, (sign) => letterOf(sign, letters?.[mark++]));
    });
    return { ...line, text: mended };
  };
  for (const line of lines) {
    mend(line, (sign, found) => {
      if (found !== undefined) names.set(sign, (names.get(sign) ?? new Set()).add(found));
      return sign;
    });
  }
  // If nothing was found for a mark in one word, the mark becomes the letters that were found for the same mark in
  // other words of the page, provided that these are the same letters in all those words.
  const usual = (sign: string): string | undefined => {
    const [name, ...others] = names.get(sign) ?? [];
    return others.length === 0 ? name : undefined;
  };
  const letterFor = (sign: string, found: string | undefined): string => {
    const { guess, fallback } = guesses.get(sign) as { guess: string; fallback: string };
    return found === undefined || found === guess ? fallback : found;
  };
  return lines.map((line) => mend(line, (sign, found) => letterFor(sign, found ?? usual(sign))));
}

const spelled = (text: string): string => text.replace(LIGATURE, (sign) => sign.normalize("NFKC"));
const escaped = (text: string): string => spelled(text).replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

interface Marks {
  readonly marks: RegExp;
  readonly guesses: Guesses;
}

/**
 * Searches `text` for the words of `context`, and returns the letters that `text` has in place of the marks of the word
 * `context[at]`. If `text` has PDFium's guess in place of a mark, the guess is returned for this mark. Returns
 * undefined if the words are not found, or if they are found with different letters.
 */
function find(text: string, context: readonly string[], at: number, { marks, guesses }: Marks): string[] | undefined {
  const any = `[\\p{L}\\p{M}'’]{1,${MAX_LETTERS}}?`;
  const guessOf = (sign: string | undefined): string => guesses.get(sign ?? "")?.guess ?? "";
  const pattern = context.map((word) => {
    const signs = word.match(marks) ?? [];
    const parts = word.split(marks).map(escaped);
    // Blanks may be around the letters that `text` has in place of a mark: the mark's glyph may stand for several
    // letters while its font states the width of one. Then the other PDF engine sees a gap beside the glyph, and makes
    // a blank of it.
    return parts.reduce(
      (all, part, index) => `${all}(?:(${escaped(guessOf(signs[index - 1]))})|\\s?(${any})\\s?)${part}`,
    );
  });
  const places = new RegExp(`(?<!\\S)${pattern.join("\\s+")}(?!\\S)`, "gu");
  const signs = context[at]?.match(marks) ?? [];
  let agreed: string[] | undefined;
  let looks = 0;
  for (const [, ...groups] of text.matchAll(places)) {
    if (++looks > MAX_PLACES) break;
    const letters = signs.map((sign, index) =>
      groups[2 * index] === undefined ? (groups[2 * index + 1] ?? "") : guessOf(sign),
    );
    if (agreed && agreed.some((one, index) => one !== letters[index])) return undefined;
    agreed = letters;
  }
  return agreed?.every((found, index) => LETTERS.test(found) || found === guessOf(signs[index])) ? agreed : undefined;
}
