import type { EngineCitation } from "../engine.ts";
import { hasPage, type PageRanges } from "./page-ranges.ts";

export interface CitableFile {
  readonly name: string;
  /** The text of each page of the file. */
  readonly pages: readonly string[];
  /** The pages of the file that were in the prompt; undefined if all pages were. */
  readonly used?: PageRanges | undefined;
}

const MAX_CITATIONS = 50;
const MAX_PAGES_OF_A_MARK = 20;
/** How many texts in brackets are examined at most, so that a model that repeats itself does not delay other asks. */
const MAX_MARKS = 10_000;
/** How many quotes of one answer are looked up at most: for each, a whole page is searched while other asks wait. */
const MAX_QUOTES = 200;
/**
 * Matches a text in brackets that may be a citation mark: `[p. 12]`, `[file 2, pp. 3-5, 9]`, `[report.pdf, page 4;
 * notes.pdf, page 1]`.
 */
const MARK = /\[([^[\]\n]{1,200})\]/g;
const PLACE =
  /^(?:(.+?)[,:]?\s*)?\b(?:pp?\.?|pages?|seiten?|s\.)\s*(\d{1,6}(?:\s*(?:[-–,]|and)\s*(?:p\.\s*)?\d{1,6})*)$/iu;
/** Matches a quote, in quotation marks, at the end of a text. The text must have no blanks after the quote. */
const QUOTE = /["“”„«»]([^"“”„«»]{1,1000})["“”«»]$/u;
const MAX_QUOTE_UNITS = 1100;

/**
 * Returns the pages that an answer cites by marks in its text, each page once, in the order of their first marks. A
 * mark counts if its page exists and was in the prompt. If a quote is just before the mark, it must be on that page.
 * With several files, a mark names its file by number or name.
 */
export function citationsIn(text: string, files: readonly CitableFile[]): EngineCitation[] {
  if (files.length === 0 || !text.includes("[")) return [];
  const found = new Map<string, EngineCitation>();
  const plainPages = new Map<string, string>();
  const fileOf = fileFinder(files);
  let quotes = 0;
  let marks = 0;
  for (const mark of text.matchAll(MARK)) {
    if (++marks > MAX_MARKS) break;
    for (const citation of (mark[1] ?? "").split(";").flatMap((place) => placesOf(place.trim(), files, fileOf))) {
      const { file, page } = citation;
      const key = `${file}/${page}`;
      if (found.has(key)) continue;
      const quote = quoteBefore(text, mark.index);
      if (quote !== undefined) {
        if (++quotes > MAX_QUOTES) return [...found.values()];
        const content = plainPages.get(key) ?? plain(files[file]?.pages[page - 1] ?? "");
        plainPages.set(key, content);
        if (!isQuoted(quote, content)) continue;
      }
      found.set(key, citation);
      if (found.size === MAX_CITATIONS) return [...found.values()];
    }
  }
  return [...found.values()];
}

/** Returns the text in quotation marks that ends just before a position; undefined if there is none. */
function quoteBefore(text: string, at: number): string | undefined {
  const before = text.slice(Math.max(0, at - MAX_QUOTE_UNITS), at).trimEnd();
  return QUOTE.exec(before.replace(/[.,;:]$/, "").trimEnd())?.[1];
}

/** Returns an engine's citations without those that refer to pages outside the prompt. */
export function validCitations(citations: readonly EngineCitation[], files: readonly CitableFile[]): EngineCitation[] {
  return citations.filter(({ file, page }) => isGiven(files[file], page));
}

type FindFile = (name: string | undefined) => number | undefined;

function placesOf(place: string, files: readonly CitableFile[], fileOf: FindFile): EngineCitation[] {
  const [, name, pages = ""] = PLACE.exec(place) ?? [];
  const file = pages === "" ? undefined : fileOf(name);
  if (file === undefined) return [];
  return numbersIn(pages).flatMap((page) => (isGiven(files[file], page) ? [{ file, page }] : []));
}

/**
 * Returns a function that returns the index of the file that a mark names; undefined if no file, or more than one, has
 * the name. Each name is compared with the files' names only once.
 */
function fileFinder(files: readonly CitableFile[]): FindFile {
  const names = files.map(({ name }) => plain(name.replace(/\.pdf$/i, "")));
  const known = new Map<string, number | undefined>();
  const named = (name: string): number | undefined => {
    const number = /^(?:file|datei)?\s*#?(\d{1,3})$/i.exec(name)?.[1];
    if (number !== undefined)
      return Number(number) <= files.length && Number(number) > 0 ? Number(number) - 1 : undefined;
    const wanted = plain(name.replace(/\.pdf$/i, ""));
    const index = names.indexOf(wanted);
    return index < 0 || names.includes(wanted, index + 1) ? undefined : index;
  };
  return (name) => {
    if (name === undefined) return files.length === 1 ? 0 : undefined;
    if (!known.has(name)) known.set(name, named(name));
    return known.get(name);
  };
}

/** Returns the numbers in a list of pages: `3-5, 9` → 3, 4, 5, 9. */
function numbersIn(pages: string): number[] {
  const numbers: number[] = [];
  for (const [, first = "", last] of pages.matchAll(/(\d+)(?:\s*[-–]\s*(?:p\.\s*)?(\d+))?/g)) {
    const to = Math.min(Number(last ?? first), Number(first) + MAX_PAGES_OF_A_MARK - 1);
    for (let page = Number(first); page <= to; page++) numbers.push(page);
  }
  return numbers.slice(0, MAX_PAGES_OF_A_MARK);
}

function isGiven(file: CitableFile | undefined, page: number): boolean {
  if (!file || page < 1 || page > file.pages.length) return false;
  return file.pages[page - 1] !== "" && (!file.used || hasPage(file.used, page));
}

/**
 * Whether a page contains a quote. Only letters and digits are compared, because line breaks, hyphens and quotation
 * marks differ between a page and its quote. `text`: the letters and digits of the page.
 */
function isQuoted(quote: string, text: string): boolean {
  return quote.split(/…|\.{3}/).every((part) => text.includes(plain(part)));
}

function plain(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, "");
}
