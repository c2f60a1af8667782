import type { ReadFile, ReadPrompt } from "./prompt.ts";
import { rank, type Breathe } from "./rank.ts";
import { sentencesOf, wordsOf, type Sentence } from "./sentence.ts";

export interface Answer {
  readonly text: string;
  /**
   * The quoted pages. `file`: the index of the file; the first file has 0. `page`: the number of the page; the first
   * page has 1. A file whose pages the prompt does not mark is left out.
   */
  readonly citations: ReadonlyArray<{ file: number; page: number }>;
}

const BEST = 4;
const SENTENCE_CHARS = 280;
/** The most words of a question that are searched for; each further word would make the answer slower. */
const MAX_WANTED = 24;
const NOTE = "This is docrelay's demo engine: it works offline and only quotes your files.";
const SMALL_WORDS = new Set(
  "a an the of to in on for and or is are was were be been it its this that these those with as by at from what which who how does do did can could should would i you we they my your about inside there any me tell please pdf file document".split(
    " ",
  ),
);

/**
 * Returns an answer that quotes the sentences which match the question best, in the order in which they stand in the
 * files. If no sentence matches, the answer quotes the first sentences of each file.
 */
export async function answer({ question, files }: ReadPrompt, breathe: Breathe): Promise<Answer> {
  if (files.length === 0) {
    const ask = question ? `You asked: “${clip(question)}”. ` : "";
    return { text: `${NOTE} ${ask}Attach a PDF, and I will look for the answer in it.`, citations: [] };
  }
  const wanted = [...new Set(wordsOf(question))].filter((word) => !SMALL_WORDS.has(word)).slice(0, MAX_WANTED);
  const found = wanted.length > 0 ? await rank(() => sentencesOf(files), wanted, BEST, breathe) : [];
  const shown = found.length > 0 ? found.toSorted((a, b) => a.order - b.order) : openings(files);
  const lead = found.length > 0 ? `What I found about “${clip(question)}”:` : await overview(files, wanted, breathe);
  const quotes = shown.map((one) => `• ${clip(one.text, SENTENCE_CHARS)} (${source(one, files)})`);
  if (quotes.length === 0) quotes.push("There is no readable sentence in what you sent.");
  const cited = shown.filter(({ file }) => files[file]?.numbered);
  return {
    text: [lead, ...quotes, "", NOTE].join("\n"),
    citations: [...new Map(cited.map(({ file, page }) => [`${file}/${page}`, { file, page }])).values()],
  };
}

function source({ file, page }: Sentence, files: readonly ReadFile[]): string {
  const { name = "file", numbered = false } = files[file] ?? {};
  return numbered ? `${name}, p. ${page}` : name;
}

async function overview(files: readonly ReadFile[], wanted: readonly string[], breathe: Breathe): Promise<string> {
  const parts: string[] = [];
  for (const file of files) {
    let words = 0;
    for (const sentence of sentencesOf([file])) {
      words += sentence?.words.length ?? 0;
      await breathe();
    }
    const pages = `${file.pages.length} ${file.pages.length === 1 ? "page" : "pages"}, `;
    parts.push(`${file.name} (${file.numbered ? pages : ""}${words} words)`);
  }
  const nothing = wanted.length > 0 ? "Nothing in it has the words of your question. " : "";
  return `${nothing}You sent ${parts.join(" and ")}. It begins like this:`;
}

function openings(files: readonly ReadFile[]): Sentence[] {
  const each = Math.max(1, Math.floor(BEST / files.length));
  return files.flatMap((one, file) =>
    sentencesOf([one])
      .filter((sentence) => sentence !== undefined)
      .take(each)
      .map((sentence) => ({ ...sentence, file }))
      .toArray(),
  );
}

function clip(text: string, length = 120): string {
  if (text.length <= length) return text;
  const cut = text.slice(0, length - 1);
  // The cut may have split a surrogate pair. Then the half that is left at the end is dropped.
  return `${(cut.isWellFormed() ? cut : cut.slice(0, -1)).trimEnd()}…`;
}
