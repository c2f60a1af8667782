/** Matches letters of scripts without spaces between words. In these scripts, pairs of letters are used as words. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]+|[\p{L}\p{M}\p{N}]+/gu;

/**
 * Returns the words of a text in lower case. In scripts without spaces between words, each pair of neighbouring letters
 * is a word.
 */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const [word] of text.toLowerCase().matchAll(WORD)) {
    if (UNSPACED.test(word)) for (let at = 0; at < word.length; at++) words.push(word.slice(at, at + 2));
    else words.push(word);
  }
  return words;
}

/**
 * The words of a question. A word of a page matches if it begins with the stem of one of them: `contracts` matches
 * `contract`.
 */
export interface QuestionWords {
  /**
   * Returns the form in which a word of a page or of the question is compared; undefined when the word matches no word
   * of the question.
   */
  match(word: string): string | undefined;
}

export function questionWords(question: string): QuestionWords {
  const stems = new Set(wordsOf(question).map(stem));
  const lengths = [...new Set([...stems].map(({ length }) => length))].toSorted((a, b) => b - a);
  return {
    match(word) {
      for (const length of lengths) {
        if (length > word.length) continue;
        const beginning = word.slice(0, length);
        // A short word must match the whole word: `in` does not match `interest`.
        if (stems.has(beginning) && (length >= 4 || length === word.length)) return beginning;
      }
      return undefined;
    },
  };
}

function stem(word: string): string {
  return word.slice(0, Math.max(4, Math.ceil(word.length * 0.7)));
}
