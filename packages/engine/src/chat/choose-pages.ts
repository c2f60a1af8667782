import MiniSearch from "minisearch";
import { rangesOf, type PageRanges } from "./page-ranges.ts";
import { estimateTokens, mostTokens } from "./tokens.ts";
import { questionWords, wordsOf } from "./words.ts";

/** How many tokens are counted for the line that names a page and for the line breaks around the page. */
const MARK_TOKENS = 24;
/** How many pages are indexed in a row before other work of the process may run. */
const PAGES_AT_ONCE = 16;

interface Page {
  readonly file: number;
  readonly page: number;
  readonly text: string;
}

/**
 * Chooses which pages of an ask's files are in the prompt, when not all fit. Returns the ranges for each file
 * (undefined for a file that is used whole), or `too-large` when not even one page fits. The same input gives the same
 * choice.
 *
 * Pages are chosen in this order, as long as they fit:
 * 1. The first page of each file, which shows what the file is.
 * 2. The pages that match the question best (BM25), each with its neighbours, because a sentence may continue there.
 * 3. The other pages from the beginning.
 */
export async function choosePages(
  question: string,
  files: ReadonlyArray<readonly string[]>,
  budgetTokens: number,
): Promise<ReadonlyArray<PageRanges | undefined> | "too-large"> {
  const pages = files.flatMap((texts, file) => texts.map((text, index): Page => ({ file, page: index + 1, text })));
  if (fitsWhole(pages, budgetTokens)) return files.map(() => undefined);
  const chosen = files.map(() => new Set<number>());
  let left = budgetTokens;
  for (const { file, page, text } of await inOrderOfUse(question, pages)) {
    const taken = chosen[file];
    if (!taken || taken.has(page) || text === "") continue;
    const tokens = estimateTokens(text) + MARK_TOKENS;
    if (tokens > left) continue;
    left -= tokens;
    taken.add(page);
  }
  if (chosen.every(({ size }) => size === 0)) return "too-large";
  return chosen.map((taken, file) => {
    const withText = (files[file] ?? []).filter((text) => text !== "").length;
    return taken.size === withText ? undefined : rangesOf(taken);
  });
}

function fitsWhole(pages: readonly Page[], budgetTokens: number): boolean {
  const marks = pages.length * MARK_TOKENS;
  const chars = pages.reduce((sum, { text }) => sum + text.length, 0);
  if (mostTokens(chars) + marks <= budgetTokens) return true;
  // Counting tokens takes time, so it is not done for a text that is much too long anyway.
  if (chars / 4 > budgetTokens) return false;
  return pages.reduce((sum, { text }) => sum + estimateTokens(text), marks) <= budgetTokens;
}

async function inOrderOfUse(question: string, pages: readonly Page[]): Promise<Page[]> {
  const hits = await search(question, pages);
  const beside = hits.flatMap((at) => {
    const hit = pages[at];
    return [hit, pages[at + 1], pages[at - 1]].filter((page) => page !== undefined && page.file === hit?.file);
  });
  return [...pages.filter(({ page }) => page === 1), ...beside, ...pages].filter((page) => page !== undefined);
}

/** Returns the indexes of the pages that contain words of the question, best first. */
async function search(question: string, pages: readonly Page[]): Promise<number[]> {
  const known = questionWords(question);
  // Only words of the question are indexed, so that the index stays small. The length of a page, which BM25 uses, still
  // counts its other words.
  const index = new MiniSearch<{ id: number; text: string }>({
    fields: ["text"],
    tokenize: wordsOf,
    processTerm: (word) => known.match(word) ?? false,
  });
  const documents = pages.map(({ text }, id) => ({ id, text }));
  await index.addAllAsync(documents, { chunkSize: PAGES_AT_ONCE });
  return index.search(question).map(({ id }) => id as number);
}
