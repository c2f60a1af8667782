import type { Line } from "../text/layout.ts";
import { CLUSTERED, MARK } from "../text/clusters.ts";
import { isSpace } from "../text/space.ts";
import type { Letters } from "./pdfium-letters.ts";

/* Which of PDFium's blanks are some, which of them stand between cells, and where it made none. */

/** A gap as wide as this, in ems, stands between two cells of a row, not between two words. */
export const CELL_GAP_EM = 1.1;
/** Within a word of clustered letters, or of Hangul, gaps are narrower than this, in ems. */
const CLUSTER_GAP_EM = 0.18;
/** Blanks of a page that are looked at, and the least part of them that are drawn where a program draws all. */
const [BLANKS, DRAWN] = [200, 0.1] as const;
/** Blanks of a line are even when they differ by less than this, in ems. */
export const EVEN_EM = 0.4;
const FULL_WIDTH = /[\u3001\u3002\uff0c\uff0e\uff1a\uff1b\uff1f\uff01\uff09\u300d\u300f\u3011]/;
const BLANK = 0x20;
/** Where PDFium overlooks narrow blanks: it measures them by the widest letter. */
export const OVERLOOKED = new RegExp(`${CLUSTERED.source}|[\\u1100-\\u11ff\\u3130-\\u318f\\uac00-\\ud7ff]`);

export interface Blanks {
  /** The text of the page. */
  readonly raw: string;
  readonly letters: Letters;
  /** From which gap on, in ems, a blank that PDFium made between two objects is one; 0 where no letters are clustered. */
  readonly blankEm: number;
}

export interface RawLine {
  readonly text: string;
  /** Where it begins in the text of the page. */
  readonly start: number;
  /** Its first character that is not white space, by its index in the line. */
  readonly first: number;
  readonly size: number;
}

/** Blanks between cells become tabs: one unit for another, so that indices stay. */
export function withCells(page: Blanks, { text: raw, start, first, size }: RawLine): Pick<Line, "text" | "even"> {
  const { letters } = page;
  const clusters = page.blankEm > 0 && CLUSTERED.test(raw);
  let text = "";
  let done = 0;
  let [least, most, blanks] = [Infinity, 0, 0];
  for (let at = raw.indexOf(" ", first); at > 0 && at < raw.length - 1; at = raw.indexOf(" ", at + 1)) {
    const made = clusters && CLUSTERED.test(raw.charAt(at - 1)) ? madeFrom(page, start + at) : 0;
    const gap = clusters
      ? gapAfter(letters, page.raw, start + at - 1, start + at + 1)
      : letters.gap(start + at - 1, start + at + 1);
    if (made > 0 && gap <= made * size) {
      text += raw.slice(done, at);
      done = at + 1;
      continue;
    }
    [least, most, blanks] = [Math.min(least, gap), Math.max(most, gap), blanks + 1];
    // A full-width comma is drawn in a corner of its square.
    const inSquare = FULL_WIDTH.test(raw.charAt(at - 1)) ? 0.6 : 0;
    if (gap <= (CELL_GAP_EM + inSquare) * size) continue;
    text += `${raw.slice(done, at)}\t`;
    done = at + 1;
  }
  if (done === 0) return { text: raw };
  // Between boxes of ink even blanks differ by what a letter leaves free at its sides.
  return { text: text + raw.slice(done), even: blanks > 2 && most - least < EVEN_EM * size };
}

/** From which gap on a blank is one that PDFium has made, in ems: it takes a cluster for a letter, and the rest for a gap. 0 for one that is drawn. */
export function madeFrom({ letters, blankEm }: Blanks, index: number): number {
  if (!letters.isGenerated(index)) return 0;
  return letters.isBetween(index) ? blankEm : CLUSTER_GAP_EM;
}

/** Where blanks are drawn as signs of their own, PDFium's own ones between objects are within words. */
export function blankBetween(letters: Letters, raw: string): number {
  let [blanks, drawn] = [0, 0];
  for (let at = raw.indexOf(" "); at >= 0 && blanks < BLANKS; at = raw.indexOf(" ", at + 1)) {
    if (!CLUSTERED.test(raw.charAt(at - 1))) continue;
    blanks++;
    if (!letters.isGenerated(at)) drawn++;
  }
  return drawn > DRAWN * blanks ? CELL_GAP_EM : CLUSTER_GAP_EM;
}

/** The gap between two characters, from what reaches farthest: a mark may end before its letter does. */
function gapAfter(letters: Letters, raw: string, one: number, other: number): number {
  let before = one;
  let gap = letters.gap(before, other);
  while (MARK.test(raw.charAt(before)) && before > 0) gap = Math.min(gap, letters.gap(--before, other));
  return gap;
}

/** Of a line in which something stands apart: PDFium gives no blank between the numbers of some tables. */
export function spreadOut(letters: Letters, { text: raw, start, first, size }: RawLine): string {
  const gaps: number[] = [];
  for (let at = first; at < raw.length - 1; at++) {
    const isPair = !isSpace(raw.charCodeAt(at)) && !isSpace(raw.charCodeAt(at + 1));
    gaps[at] = isPair ? letters.gap(start + at, start + at + 1) : 0;
  }
  const usual = gaps.filter((gap) => gap !== undefined).toSorted((a, b) => a - b)[gaps.length >> 1] ?? 0;
  let text = raw.slice(0, first);
  for (let at = first; at < raw.length; at++) {
    const blank = raw.charCodeAt(at) === BLANK && at > first && at < raw.length - 1;
    const cell = blank && letters.gap(start + at - 1, start + at + 1) > Math.max(CELL_GAP_EM * size, 3 * usual);
    text += cell ? "\t" : raw.charAt(at);
    const gap = gaps[at] ?? 0;
    if (gap > Math.max(CELL_GAP_EM * size, 3 * usual)) text += "\t";
  }
  return text;
}

/** A line with a blank at each gap of which PDFium made none, unless its letters are spaced out. `text`: its characters, one for one. */
export function withOverlooked({ raw: page, letters }: Blanks, text: string, { start, first, size }: RawLine): string {
  const found: number[] = [];
  let pairs = 0;
  for (let at = first + 1; at < text.length; at++) {
    if (isSpace(text.charCodeAt(at)) || isSpace(text.charCodeAt(at - 1)) || MARK.test(text.charAt(at))) continue;
    pairs++;
    if (!OVERLOOKED.test(text.charAt(at)) && !OVERLOOKED.test(text.charAt(at - 1))) continue;
    if (gapAfter(letters, page, start + at - 1, start + at) <= CLUSTER_GAP_EM * size) continue;
    if (letters.advanceGap(start + at - 1, start + at) > CLUSTER_GAP_EM * size) found.push(at);
  }
  if (found.length === 0 || found.length * 2 > pairs) return text;
  let done = 0;
  return [...found, text.length].map((at) => text.slice(done, (done = at))).join(" ");
}
