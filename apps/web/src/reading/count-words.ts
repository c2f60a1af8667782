// These scripts put no spaces between words: each sign counts.
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+/gu;

/** How many words a text has, about. */
export function countWords(text: string): number {
  return text.match(WORD)?.length ?? 0;
}
