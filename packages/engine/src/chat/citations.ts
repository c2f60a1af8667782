import type { EngineCitation } from "../engine.ts";
import { hasPage, type PageRanges } from "./page-ranges.ts";

export interface CitableFile {
  readonly name: string;
  /** One string per page. */
  readonly pages: readonly string[];
  /** The pages that the engine was given; undefined: all. */
  readonly used?: PageRanges | undefined;
}

const MAX_CITATIONS = 50;
const MAX_PAGES_OF_A_MARK = 20;
/** `[p. 12]`, `[file 2, pp. 3-5, 9]`, `[report.pdf, page 4; notes.pdf, page 1]`. */
const MARK = /\[([^[\]\n]{1,200})\]/g;
const PLACE =
  /^(?:(.+?)[,:]?\s*)?\b(?:pp?\.?|pages?|seiten?|s\.)\s*(\d{1,6}(?:\s*(?:[-–,]|and)\s*(?:p\.\s*)?\d{1,6})*)$/iu;
/** A quote just before a mark. */
const QUOTE = /["“”„«»]([^"“”„«»]{1,1000})["“”«»]\s*[.,;:]?\s*$/u;

/**
 * The pages that an answer cites by marks in its text, each once, in order. A mark counts when there is such a page, the
 * engine was given it, and what the answer quotes just before the mark stands on it. With several files a mark names its
 * file, by number or name.
 */
export function citationsIn(text: string, files: readonly CitableFile[]): EngineCitation[] {
  if (files.length === 0 || !text.includes("[")) return [];
  const found = new Map<string, EngineCitation>();
  for (const mark of text.matchAll(MARK)) {
    const quote = QUOTE.exec(text.slice(Math.max(0, mark.index - 1100), mark.index))?.[1];
    for (const place of (mark[1] ?? "").split(";")) {
      for (const citation of placesOf(place.trim(), files)) {
        if (quote !== undefined && !isQuoted(quote, files[citation.file]?.pages[citation.page - 1] ?? "")) continue;
        found.set(`${citation.file}/${citation.page}`, citation);
        if (found.size === MAX_CITATIONS) return [...found.values()];
      }
    }
  }
  return [...found.values()];
}

/** Those citations of an engine that point at pages it was given. */
export function validCitations(citations: readonly EngineCitation[], files: readonly CitableFile[]): EngineCitation[] {
  return citations.filter(({ file, page }) => isGiven(files[file], page));
}

function placesOf(place: string, files: readonly CitableFile[]): EngineCitation[] {
  const [, name, pages = ""] = PLACE.exec(place) ?? [];
  const file = fileOf(name, files);
  if (file === undefined) return [];
  return numbersIn(pages).flatMap((page) => (isGiven(files[file], page) ? [{ file, page }] : []));
}

function fileOf(name: string | undefined, files: readonly CitableFile[]): number | undefined {
  if (name === undefined) return files.length === 1 ? 0 : undefined;
  const number = /^(?:file|datei)?\s*#?(\d{1,3})$/i.exec(name)?.[1];
  if (number !== undefined)
    return Number(number) <= files.length && Number(number) > 0 ? Number(number) - 1 : undefined;
  const wanted = plain(name.replace(/\.pdf$/i, ""));
  const fitting = files.flatMap((file, index) => (plain(file.name.replace(/\.pdf$/i, "")) === wanted ? [index] : []));
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** `3-5, 9` → 3, 4, 5, 9. */
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

/** Compares letters and digits only: line breaks, hyphens and quotation marks differ between a page and its quote. */
function isQuoted(quote: string, page: string): boolean {
  const text = plain(page);
  return quote.split(/…|\.{3}/).every((part) => text.includes(plain(part)));
}

function plain(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, "");
}
