import { pairF1, wordCount, wordF1 } from "./similarity.ts";

/*
 * Measures how far readers agree on the text of a page. As the right text is not known, each reader is compared with
 * the reader that agrees with it best. The functions of this file are pure.
 */

export interface Scores {
  readonly words: number;
  readonly order: number;
}

/** The texts of one page by all readers; docrelay's text is the first. */
export type PageTexts = readonly [ours: string, ...others: string[]];

/** What is wrong with docrelay's text of a page, judged by the texts of the other readers. */
export type Kind = "no text" | "more text" | "less text" | "other blanks" | "other letters";

/** A page on which no reader finds this many words is not judged. */
const MIN_WORDS = 20;
const MIN_WORDS_OF_NONE = 3;
/** Readers whose texts have at most this F1 score (see `wordF1`) disagree. */
export const LOW = 0.9;
const MORE = 1.15;
const SAME_LETTERS = 0.97;
const LETTER = /[\p{L}\p{N}]/u;

export function isJudged(texts: PageTexts): boolean {
  return Math.max(...texts.map(wordCount)) >= MIN_WORDS;
}

/** For each reader: how far it agrees with the other reader that it agrees with best. Empty with one reader. */
export function scoresOf(texts: PageTexts): Scores[] {
  if (texts.length < 2) return [];
  return texts.map((text, reader) => {
    const others = texts.filter((_, other) => other !== reader);
    return {
      words: Math.max(...others.map((other) => wordF1(text, other))),
      order: Math.max(...others.map((other) => pairF1(text, other))),
    };
  });
}

/**
 * What is wrong with docrelay's text; undefined if nothing shows that it is wrong. `no text`: docrelay has no letters,
 * and all others have words. Other kinds: the others agree with each other, and docrelay with none of them.
 */
export function flagOf(texts: PageTexts): Kind | undefined {
  const [ours, ...others] = texts;
  const [one = "", two = one] = others;
  if (others.length === 0) return undefined;
  if (!LETTER.test(ours)) return Math.min(wordCount(one), wordCount(two)) >= MIN_WORDS_OF_NONE ? "no text" : undefined;
  if (!isJudged(texts) || wordF1(one, two) <= LOW) return undefined;
  if (others.some((other) => wordF1(ours, other) >= LOW)) return undefined;
  if (wordF1(spelled(ours), spelled(one)) >= SAME_LETTERS) return "other blanks";
  const [most, least] = [Math.max(wordCount(one), wordCount(two)), Math.min(wordCount(one), wordCount(two))];
  if (wordCount(ours) > MORE * most) return "more text";
  return wordCount(ours) * MORE < least ? "less text" : "other letters";
}

/** Each pair of neighbouring letters as a word. So texts that differ only in blanks become the same. */
function spelled(text: string): string {
  const letters = text.normalize("NFKC").match(/[\p{L}\p{M}\p{N}]/gu) ?? [];
  return letters.map((letter, index) => `${letter}${letters[index + 1] ?? ""}`).join(" ");
}

const SCRIPTS = [
  "Latin",
  "Han",
  "Arabic",
  "Cyrillic",
  "Hangul",
  "Greek",
  "Devanagari",
  "Bengali",
  "Hebrew",
  "Tamil",
  "Thai",
  "Lao",
  "Khmer",
  "Myanmar",
  "Tibetan",
  "Telugu",
  "Kannada",
  "Malayalam",
  "Gujarati",
  "Gurmukhi",
  "Sinhala",
  "Ethiopic",
  "Georgian",
  "Armenian",
] as const;
const LETTERS_OF = new Map(SCRIPTS.map((script) => [script, new RegExp(`\\p{Script=${script}}`, "gu")] as const));

/** The script to which most letters belong. Kana count as Han. */
export function scriptOf(text: string): string {
  let best = ["none", 0] as readonly [string, number];
  for (const [script, letters] of LETTERS_OF) {
    const kana = script === "Han" ? (text.match(/[\p{Script=Hiragana}\p{Script=Katakana}]/gu)?.length ?? 0) : 0;
    const count = (text.match(letters)?.length ?? 0) + kana;
    if (count > best[1]) best = [script, count];
  }
  return best[0];
}
