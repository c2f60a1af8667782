/**
 * A place in a page's text: in the part of the text with the index `piece`, the characters from `from` up to, but not
 * including, `to`. The PDF renderer divides the text of a page into these parts.
 */
export interface Mark {
  readonly piece: number;
  readonly from: number;
  readonly to: number;
}

interface Word {
  readonly text: string;
  readonly piece: number;
  readonly from: number;
  readonly to: number;
  /** Whether a sentence ends after this word. */
  ends: boolean;
}

// The scripts in this pattern have no spaces between words, so each of their characters counts as a word.
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[^\s\p{P}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]+/gu;
const END = /[.!?。！？؟।]/;
/** A sentence and the answer are compared by runs of this many words in a row; shorter matches would be coincidence. */
const RUN = 3;
/** Longer text without a full stop, such as a table or a list, is cut into sentences of this many words. */
const MAX_WORDS = 60;

/**
 * Finds the sentence of a page that an answer cites: the one with the most runs of three words that are also in the
 * answer. Empty when no sentence has at least a third of its runs in the answer.
 */
export function quoteOf(pieces: readonly string[], answer: string): Mark[] {
  const said = new Set(runsOf(wordsOf([answer]).map(({ text }) => text)));
  let best: Word[] = [];
  let most = 0;
  for (const sentence of sentencesOf(wordsOf(pieces))) {
    const runs = runsOf(sentence.map(({ text }) => text));
    const shared = runs.filter((run) => said.has(run)).length;
    if (shared <= most || shared < runs.length / 3) continue;
    [best, most] = [sentence, shared];
  }
  return marksOf(best);
}

function wordsOf(pieces: readonly string[]): Word[] {
  const words: Word[] = [];
  for (const [piece, text] of pieces.entries()) {
    let end = 0;
    for (const { 0: word, index } of text.matchAll(WORD)) {
      const last = words.at(-1);
      if (last && END.test(text.slice(end, index))) last.ends = true;
      end = index + word.length;
      words.push({ text: word.toLowerCase().normalize("NFKC"), piece, from: index, to: end, ends: false });
    }
    const last = words.at(-1);
    if (last && END.test(text.slice(end))) last.ends = true;
  }
  return words;
}

function sentencesOf(words: readonly Word[]): Word[][] {
  const sentences: Word[][] = [];
  let current: Word[] = [];
  for (const word of words) {
    current.push(word);
    if (!word.ends && current.length < MAX_WORDS) continue;
    sentences.push(current);
    current = [];
  }
  return current.length > 0 ? [...sentences, current] : sentences;
}

function runsOf(words: readonly string[]): string[] {
  return words.slice(RUN - 1).map((_, index) => words.slice(index, index + RUN).join(" "));
}

/**
 * Returns the places of a sentence on the page: one for each part of the page's text that has words of the sentence.
 */
function marksOf(words: readonly Word[]): Mark[] {
  const marks = new Map<number, Mark>();
  for (const { piece, from, to } of words) {
    const known = marks.get(piece);
    marks.set(piece, known ? { ...known, to } : { piece, from, to });
  }
  return [...marks.values()];
}
