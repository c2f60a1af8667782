import type { ReadFile } from "./prompt.ts";

export interface Sentence {
  readonly text: string;
  /** The index of the sentence's file; the first file has 0. */
  readonly file: number;
  /** The number of the sentence's page in the file; the first page has 1. */
  readonly page: number;
  /** How many sentences of all files come before this sentence. */
  readonly order: number;
  readonly words: readonly string[];
}

/**
 * A longer sentence is cut into parts of this length. Otherwise a text without a full stop, such as a table of 8 MB,
 * would be one sentence.
 */
const PIECE_CHARS = 2000;

/**
 * Yields the sentences of files one by one, so that only the text itself is in memory. In place of a sentence with
 * fewer than two words, yields undefined: so the caller gets control often, even in 8 MB of dashes, and can let other
 * work run.
 */
export function* sentencesOf(files: readonly ReadFile[]): Generator<Sentence | undefined> {
  let order = 0;
  for (const [file, { pages }] of files.entries()) {
    for (const [index, page] of pages.entries()) {
      for (const piece of piecesOf(page)) {
        const text = piece.replaceAll(/\s+/g, " ").trim();
        const words = wordsOf(text);
        yield words.length < 2 ? undefined : { text, file, page: index + 1, order: order++, words };
      }
    }
  }
}

function* piecesOf(page: string): Generator<string> {
  const stop = /[.!?](?=\s)|[。！？]/g;
  let at = 0;
  while (at < page.length) {
    const end = stop.exec(page) ? stop.lastIndex : page.length;
    while (at < end) {
      const cut = Math.min(end, at + PIECE_CHARS);
      yield page.slice(at, cut);
      at = cut;
    }
  }
}

/** Returns the words of a text, in lower case and in order. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
