import type { ReadFile } from "./prompt.ts";

export interface Sentence {
  readonly text: string;
  /** From 0. */
  readonly file: number;
  /** From 1. */
  readonly page: number;
  /** The number of sentences before it, in all files. */
  readonly order: number;
  readonly words: readonly string[];
}

/** A piece without a full stop is cut at this length: a table of 8 MB is not one sentence. */
const PIECE_CHARS = 2000;

/**
 * Yields the sentences of files one by one, so that only the text itself is in memory. Yields undefined for a piece with
 * fewer than two words, so that the caller can also yield to the event loop in 8 MB of dashes.
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

/** The words of a text in lower case, in order. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}
