// The scripts in this pattern have no spaces between words, so each of their characters counts as a word.
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+/gu;

/** Returns the approximate number of words in a text. */
export function countWords(text: string): number {
  return text.match(WORD)?.length ?? 0;
}
