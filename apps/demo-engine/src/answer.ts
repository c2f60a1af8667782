import type { ReadFile, ReadPrompt } from "./prompt.ts";

export interface Answer {
  readonly text: string;
  /** `file` from 0, `page` from 1; only pages that the prompt told apart. */
  readonly citations: ReadonlyArray<{ file: number; page: number }>;
}

interface Sentence {
  readonly text: string;
  readonly file: number;
  readonly page: number;
  readonly order: number;
  readonly words: readonly string[];
}

const BEST = 4;
const SENTENCE_CHARS = 280;
const MAX_SENTENCES = 20_000;
const SMALL_WORDS = new Set(
  "a an the of to in on for and or is are was were be been it its this that these those with as by at from what which who how does do did can could should would i you we they my your about inside there any me tell please pdf file document".split(
    " ",
  ),
);

/** Answers from the given text alone: the sentences that fit the question best, by BM25, in their order. */
export function answer({ question, files }: ReadPrompt): Answer {
  const note = "This is docrelay's demo engine: it works offline and only quotes your files.";
  if (files.length === 0) {
    return {
      text: `${note} You asked: “${clip(question)}”. Attach a PDF, and I will look for the answer in it.`,
      citations: [],
    };
  }
  const sentences = readSentences(files);
  const words = wordsOf(question).filter((word) => !SMALL_WORDS.has(word));
  const found = words.length > 0 ? rank(sentences, words) : [];
  const shown = (found.length > 0 ? found : openings(sentences, files)).toSorted((a, b) => a.order - b.order);
  const lead = found.length > 0 ? `What I found about “${clip(question)}”:` : overview(files);
  const quotes = shown.map((one) => `• ${one.text} (${source(one, files)})`);
  if (quotes.length === 0) quotes.push("There is no readable sentence in what you sent.");
  const cited = shown.filter(({ file }) => (files[file]?.pages.length ?? 0) > 1 || files.length > 0);
  return {
    text: [lead, ...quotes, "", note].join("\n"),
    citations: [...new Map(cited.map(({ file, page }) => [`${file}/${page}`, { file, page }])).values()],
  };
}

function source({ file, page }: Sentence, files: readonly ReadFile[]): string {
  return `${files[file]?.name ?? "file"}, p. ${page}`;
}

function overview(files: readonly ReadFile[]): string {
  const parts = files.map(({ name, pages }) => {
    const count = pages.reduce((sum, page) => sum + wordsOf(page).length, 0);
    return `${name} (${pages.length} ${pages.length === 1 ? "page" : "pages"}, ${count} words)`;
  });
  return `You sent ${parts.join(" and ")}. It begins like this:`;
}

function openings(sentences: readonly Sentence[], files: readonly ReadFile[]): Sentence[] {
  const each = Math.max(1, Math.floor(BEST / files.length));
  return files.flatMap((_, file) => sentences.filter((one) => one.file === file).slice(0, each)).slice(0, BEST * 2);
}

/** BM25 over sentences, k1 1.2 and b 0.75; a word also fits its longer and shorter forms by a common beginning. */
function rank(sentences: readonly Sentence[], query: readonly string[]): Sentence[] {
  const average = sentences.reduce((sum, { words }) => sum + words.length, 0) / Math.max(1, sentences.length);
  const fits = (word: string, wanted: string): boolean =>
    word === wanted ||
    (wanted.length > 4 &&
      word.length > 4 &&
      (word.startsWith(wanted.slice(0, -1)) || wanted.startsWith(word.slice(0, -1))));
  const rarity = query.map((wanted) => {
    const having = sentences.filter(({ words }) => words.some((word) => fits(word, wanted))).length;
    return Math.log(1 + (sentences.length - having + 0.5) / (having + 0.5));
  });
  const scored = sentences.map((sentence) => {
    const score = query.reduce((sum, wanted, index) => {
      const count = sentence.words.filter((word) => fits(word, wanted)).length;
      const norm = count + 1.2 * (0.25 + (0.75 * sentence.words.length) / average);
      return sum + (count === 0 ? 0 : ((rarity[index] ?? 0) * count * 2.2) / norm);
    }, 0);
    return { sentence, score };
  });
  return scored
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.sentence.order - b.sentence.order)
    .slice(0, BEST)
    .map(({ sentence }) => sentence);
}

function readSentences(files: readonly ReadFile[]): Sentence[] {
  const all: Sentence[] = [];
  files.forEach(({ pages }, file) => {
    pages.forEach((page, index) => {
      for (const piece of page.replace(/\s+/g, " ").split(/(?<=[.!?。！？])\s+|(?<=[。！？])/u)) {
        const text = piece.trim();
        const words = wordsOf(text);
        if (words.length < 2 || all.length >= MAX_SENTENCES) continue;
        all.push({ text: clip(text, SENTENCE_CHARS), file, page: index + 1, order: all.length, words });
      }
    });
  });
  return all;
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

function clip(text: string, length = 120): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).trimEnd()}…`;
}
