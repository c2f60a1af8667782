import { confidenceOf, type Word } from "./words.ts";
import { heightOf, lineOf, rowsOf } from "./word-lines.ts";

/**
 * In photos and drawings, edges and textures look like letters. So a figure has no text if the recogniser's mean
 * confidence in its words, from 0 to 100, is at most this; and in any other figure, words with a lower confidence are
 * left out. In figures of public PDFs, the mean was 61 to 96 where there were words, and 9 to 60 where there were none or
 * hardly any.
 */
const SURE = 60;
/** A figure with fewer letters and digits than this has no text: one or two letters are noise more often than words. */
const MIN_LETTERS = 3;
const LETTER = /[\p{L}\p{N}]/gu;
/**
 * Signs that mean something on their own, so that a word of them is kept if its confidence is at least SURE_SIGN. Other
 * words without letters and digits are mostly lines and marks of a drawing.
 */
const SIGN = /^[\p{Sc}%&+=<>±×÷−-]+$/u;
const SURE_SIGN = 80;

/**
 * The text of a figure, one line for each row of words, with tabs between words that stand apart; empty if the figure
 * has no words. A chart has its labels anywhere, so only the positions of words count, not the recogniser's blocks.
 */
export function figureText(words: readonly Word[]): string {
  if (confidenceOf(words) <= SURE) return "";
  const sure = words.filter(
    ({ text, confidence }) => confidence >= (SIGN.test(text) ? SURE_SIGN : SURE) && isWord(text),
  );
  if (sure.reduce((sum, { text }) => sum + countLetters(text), 0) < MIN_LETTERS) return "";
  return rowsOf(sure.map((word) => [word]))
    .map((row) => lineOf(row, heightOf(row)).text)
    .join("\n");
}

function isWord(text: string): boolean {
  return countLetters(text) > 0 || SIGN.test(text);
}

function countLetters(text: string): number {
  return text.match(LETTER)?.length ?? 0;
}
