import { LINE_HYPHENS, type Line } from "../text/layout.ts";
import { BLANK_EM, CLUSTERED, MARK, PHRASED } from "../text/clusters.ts";
import { isMostlyRtl, RTL } from "../text/right-to-left.ts";
import { CELL_GAP_EM, isSpace, spaceStart } from "../text/space.ts";
import type { Extent, Style } from "../text/styled.ts";
import type { Letters } from "./pdfium-letters.ts";

/*
 * A blank is a space character. PDFium returns blanks that the PDF draws as characters, and blanks that PDFium itself
 * makes from gaps. This file decides which blanks are real, which of them separate table cells, and where PDFium has
 * left a blank out.
 */

/** Within a word of Hangul or of a clustered script, the gaps between letters are narrower than this, in ems. */
const CLUSTER_GAP_EM = 0.18;
/**
 * BLANKS: how many blanks of a page are examined. DRAWN: if more than this part of them is drawn as characters, the
 * program that wrote the PDF draws all its blanks as characters.
 */
const [BLANKS, DRAWN] = [200, 0.1] as const;
/** If fewer blanks than this are drawn, narrow blanks that PDFium made count, too: a single drawn one may be chance. */
const MIN_DRAWN = 3;
/** The blanks of a line count as equally wide when their widths differ by less than this many ems. */
const EVEN_EM = 0.4;
const FULL_WIDTH = /[\u3001\u3002\uff0c\uff0e\uff1a\uff1b\uff1f\uff01\uff09\u300d\u300f\u3011]/;
const BLANK = 0x20;
/**
 * Characters beside which PDFium may leave out narrow blanks, because it compares a gap with the width of the widest
 * letter.
 */
const OVERLOOKED = new RegExp(`${CLUSTERED.source}|[\\u1100-\\u11ff\\u3130-\\u318f\\uac00-\\ud7ff]`);
/**
 * If PDFium leaves out the blanks of a page whose script is an alphabet, the page's words run together to long ones. To
 * find this out, at most MAX_LONG_WORDS long words are examined for gaps.
 */
const [LONG_WORD, MAX_LONG_WORDS] = [/[a-z]{12,}/g, 8] as const;
const LETTER = /[\p{L}\p{N}]/u;
/**
 * A hyphen at a line's end with a blank before it is a dash if this blank is at least `LIKE_OTHERS` times as wide as
 * the line's other blanks, or at least `LONE_EM` ems wide if there are none.
 */
const [LIKE_OTHERS, LONE_EM] = [0.6, 0.4] as const;

export interface Blanks {
  readonly raw: string;
  readonly letters: Letters;
  /**
   * A blank that PDFium made between two text objects is real if its gap is wider than this, in ems. 0 if the page has
   * no clustered letters.
   */
  readonly blankEm: number;
  /** Matches the characters beside which PDFium may have left out blanks of this page; undefined if there are none. */
  readonly overlooked?: RegExp | undefined;
  /** Whether the program that wrote the page draws its blanks as characters; false if the page has no clustered letters. */
  readonly drawsBlanks: boolean;
}

export interface RawLine {
  readonly text: string;
  /** The index of the line's first character in the text of the page. */
  readonly start: number;
  /** The index, in the line, of its first character that is not white space. */
  readonly first: number;
  readonly size: number;
}

/**
 * Replaces a line's blanks by tabs where a gap is wider than `cellGap` (in points), and removes blanks that are not
 * real.
 */
export function withCells(
  page: Blanks,
  { text: raw, start, first, size }: RawLine,
  cellGap = CELL_GAP_EM * size,
): Pick<Line, "text" | "even" | "tabs"> {
  const { letters } = page;
  const clusters = page.blankEm > 0 && CLUSTERED.test(raw);
  let text = "";
  let done = 0;
  let [least, most, blanks] = [Infinity, 0, 0];
  const tabs: Extent[] = [];
  // The index of the last letter before the blank.
  let before = first;
  for (let at = raw.indexOf(" ", first); at > 0 && at < raw.length - 1; at = raw.indexOf(" ", at + 1)) {
    const made = clusters && CLUSTERED.test(raw.charAt(at - 1)) ? madeFrom(page, start + at) : 0;
    // Beside a drawn blank, PDFium may make another one from the width of the cluster before.
    const isDoubled = made > 0 && raw.charCodeAt(at + 1) === BLANK;
    if (!clusters || raw.charCodeAt(at - 1) !== BLANK) before = at - 1;
    const gap = clusters
      ? gapAfter(letters, page.raw, start + before, start + at + 1)
      : letters.gap(start + at - 1, start + at + 1);
    if (isDoubled || (made > 0 && gap <= made * size)) {
      text += raw.slice(done, at);
      done = at + 1;
      continue;
    }
    [least, most, blanks] = [Math.min(least, gap), Math.max(most, gap), blanks + 1];
    // A full-width comma is drawn in a corner of its square. So the gap after it is measured too wide by this many ems.
    const inSquare = FULL_WIDTH.test(raw.charAt(at - 1)) ? 0.6 : 0;
    if (gap <= cellGap + inSquare * size) continue;
    text += `${raw.slice(done, at)}\t`;
    done = at + 1;
    tabs.push(between(letters, start + before, start + at + 1));
  }
  if (done === 0) return { text: raw };
  // Widths are measured from the ink of one letter to the ink of the next. As letters have free space at their sides,
  // equal blanks differ a little in their measured width, which `isEven` allows.
  return { text: text + raw.slice(done), even: isEven({ blanks, least, most }, raw, size), tabs };
}

/** From where to where the gap between two letters reaches, of which the first one is on the left. */
function between(letters: Letters, one: number, other: number): Extent {
  return { left: letters.of(one)?.right ?? Number.NaN, right: letters.of(other)?.left ?? Number.NaN };
}

/**
 * Whether the blanks of a line are about equally wide, as in a line that is stretched to the width of its column. At
 * least three blanks are needed, because two equal blanks may separate cells. In scripts without blanks between words
 * one is enough, because their lines have few blanks.
 */
export function isEven(
  { blanks, least, most }: { readonly blanks: number; readonly least: number; readonly most: number },
  text: string,
  size: number,
): boolean {
  return (blanks > 2 || (blanks > 0 && PHRASED.test(text))) && most - least < EVEN_EM * size;
}

/**
 * Returns the cells of a row in reading order; given are the cells from left to right, and the widths of the row's
 * blanks. Without `cells`, or if the blanks are about equally wide, returns one line with tabs between the cells.
 */
export function inRow(
  { cells, mostlyRtl }: { readonly cells: boolean; readonly mostlyRtl: boolean },
  row: readonly Line[],
  gaps: readonly number[],
): Line[] {
  const [first, last] = [row[0], row.at(-1)];
  if (first === undefined || last === undefined) return [];
  const text = row.map((cell) => cell.text).join(" ");
  const read = RTL.test(text) && (mostlyRtl || isMostlyRtl(text)) ? row.toReversed() : [...row];
  const even = isEven(rangeOf(gaps), text, first.size);
  if (read.length < 2 || (cells && !even)) return read;
  const joined = read.map((cell) => cell.text).join("\t");
  return [{ ...first, text: joined, left: first.left, right: last.right, words: undefined, even }];
}

/** Counts gaps, and finds the width of the narrowest and of the widest. */
export const rangeOf = (gaps: readonly number[]): { blanks: number; least: number; most: number } => ({
  blanks: gaps.length,
  least: Math.min(...gaps),
  most: Math.max(...gaps),
});

/**
 * How many ems wide the gap at `index` must be for its blank to be real; 0 for a blank that is drawn, which is always
 * real. PDFium takes a cluster to be narrower than it is, and makes a blank from the remaining width.
 */
export function madeFrom({ letters, blankEm }: Blanks, index: number): number {
  if (!letters.isGenerated(index)) return 0;
  return letters.isBetween(index) ? blankEm : CLUSTER_GAP_EM;
}

/**
 * Finds out how the program that wrote a page makes its blanks. If it draws them as characters, then a blank that
 * PDFium made between two text objects is not real, unless its gap is as wide as between cells.
 */
export function blanksOf(letters: Letters, raw: string): Pick<Blanks, "blankEm" | "drawsBlanks"> {
  if (!CLUSTERED.test(raw)) return { blankEm: 0, drawsBlanks: false };
  let [examined, wide, drawn] = [0, 0, 0];
  for (let at = raw.indexOf(" "); at >= 0 && examined < BLANKS; at = raw.indexOf(" ", at + 1)) {
    const before = raw.charAt(at - 1);
    if (!CLUSTERED.test(before)) continue;
    examined++;
    if (!letters.isGenerated(at)) drawn++;
    // In scripts without blanks between words, PDFium makes far more blanks after clusters than there are real ones.
    else if (!PHRASED.test(before) || !isNarrow(letters, at)) wide++;
  }
  const drawsBlanks = drawn > DRAWN * (drawn < MIN_DRAWN ? examined : drawn + wide);
  return { blankEm: drawsBlanks ? CELL_GAP_EM : CLUSTER_GAP_EM, drawsBlanks };
}

/** Whether a blank that PDFium made is narrower than any blank between phrases. */
function isNarrow(letters: Letters, at: number): boolean {
  return letters.gap(at - 1, at + 1) < BLANK_EM * (letters.of(at - 1)?.size ?? 0);
}

/**
 * The gap between two characters. A combining mark may end before its letter does, so after a mark, the gap is measured
 * from the ink that reaches farthest.
 */
function gapAfter(letters: Letters, raw: string, one: number, other: number): number {
  let before = one;
  let gap = letters.gap(before, other);
  while (MARK.test(raw.charAt(before)) && before > 0) gap = Math.min(gap, letters.gap(--before, other));
  return gap;
}

/**
 * Puts a tab into each gap that is as wide as between cells, even if PDFium made no blank there: in some tables, it
 * makes none between numbers.
 */
export function spreadOut(letters: Letters, line: RawLine): string {
  const { text: raw, start, first } = line;
  const gaps = gapsIn(letters, line);
  const cellGap = cellGapOf(gaps, line.size);
  let text = raw.slice(0, first);
  for (let at = first; at < raw.length; at++) {
    const blank = raw.charCodeAt(at) === BLANK && at > first && at < raw.length - 1;
    const cell = blank && letters.gap(start + at - 1, start + at + 1) > cellGap;
    text += cell ? "\t" : raw.charAt(at);
    if ((gaps[at] ?? 0) > cellGap) text += "\t";
  }
  return text;
}

/** How wide a gap must be, in points, to separate two cells in a line whose letters may be spaced out (s p a c e d). */
export const spacedCellGap = (letters: Letters, line: RawLine): number => cellGapOf(gapsIn(letters, line), line.size);

/**
 * The gaps in points after the letters of a line, by the index of the letter; 0 if the letter or its successor is a
 * blank.
 */
function gapsIn(letters: Letters, { text: raw, start, first }: RawLine): number[] {
  const gaps: number[] = [];
  for (let at = first; at < raw.length - 1; at++) {
    const isPair = !isSpace(raw.charCodeAt(at)) && !isSpace(raw.charCodeAt(at + 1));
    gaps[at] = isPair ? letters.gap(start + at, start + at + 1) : 0;
  }
  return gaps;
}

function cellGapOf(gaps: readonly number[], size: number): number {
  const usual = gaps.filter((gap) => gap !== undefined).toSorted((a, b) => a - b)[gaps.length >> 1] ?? 0;
  return Math.max(CELL_GAP_EM * size, 3 * usual);
}

/** Matches the characters of a page beside which PDFium may have left out blanks; undefined if there are none. */
export function overlookedOn(letters: Letters, raw: string): RegExp | undefined {
  if (OVERLOOKED.test(raw)) return OVERLOOKED;
  let looks = 0;
  for (const { 0: word, index } of raw.matchAll(LONG_WORD)) {
    if (++looks > MAX_LONG_WORDS) break;
    const { size = 0 } = letters.of(index) ?? {};
    let gaps = 0;
    for (let at = index + 1; at < index + word.length; at++)
      if (letters.gap(at - 1, at) > CLUSTER_GAP_EM * size) gaps++;
    if (gaps > 0 && 2 * gaps < word.length) return LETTER;
  }
  return undefined;
}

/**
 * Puts a blank into each gap of a line from which PDFium has left the blank out. If more than half of the pairs of
 * neighbouring letters have a gap, the letters are spaced out, and `text` is returned unchanged. `text`: the line as
 * read so far, which must be as long as the line in the page's text.
 */
export function withOverlooked(page: Blanks, text: string, { start, first, size }: RawLine): string {
  const { raw, letters, overlooked = OVERLOOKED } = page;
  const found: number[] = [];
  let pairs = 0;
  for (let at = first + 1; at < text.length; at++) {
    if (isSpace(text.charCodeAt(at)) || isSpace(text.charCodeAt(at - 1)) || MARK.test(text.charAt(at))) continue;
    pairs++;
    const [isAfter, isBefore] = [overlooked.test(text.charAt(at - 1)), overlooked.test(text.charAt(at))];
    // In an alphabet, only a gap between two letters or digits counts: other characters have free space at their sides.
    // In other scripts, one letter beside the gap is enough.
    if (overlooked === LETTER ? !isAfter || !isBefore : !isAfter && !isBefore) continue;
    if (gapAfter(letters, raw, start + at - 1, start + at) <= CLUSTER_GAP_EM * size) continue;
    if (letters.advanceGap(start + at - 1, start + at) > CLUSTER_GAP_EM * size) found.push(at);
  }
  if (found.length === 0 || found.length * 2 > pairs) return text;
  let done = 0;
  return [...found, text.length].map((at) => text.slice(done, (done = at))).join(" ");
}

/**
 * Whether the hyphen at the end of a line belongs to the word before it, although there is a blank between them: some
 * programs draw the hyphen a little apart. Otherwise it is a dash: the blank before a dash is about as wide as the
 * other blanks of its line, and is drawn as a character if these are.
 */
export function isHyphenApart(letters: Letters, { text, start, first }: RawLine): boolean {
  const hyphen = spaceStart(text) - 1;
  const blank = hyphen - 1;
  if (blank <= first || !LINE_HYPHENS.includes(text.charAt(hyphen)) || text.charCodeAt(blank) !== BLANK) return false;
  const gapAt = (at: number): number => letters.gap(start + at - 1, start + at + 1);
  const others: number[] = [];
  for (let at = text.indexOf(" ", first); at < blank; at = text.indexOf(" ", at + 1)) others.push(at);
  const isGenerated = letters.isGenerated(start + blank);
  if (isGenerated && others.some((at) => !letters.isGenerated(start + at))) return true;
  const usual = others.map(gapAt).toSorted((one, other) => one - other)[others.length >> 1];
  if (usual !== undefined) return gapAt(blank) < LIKE_OTHERS * usual;
  return isGenerated && gapAt(blank) < LONE_EM * (letters.of(start + blank - 1)?.size ?? 0);
}

/** The style of a line. `bold` and `mono` are true if they hold for the line's first and last letters. */
export function styleOfLine({ raw, letters }: Pick<Blanks, "raw" | "letters">, first: number, last: number): Style {
  const [head, tail] = [letters.style(first), letters.style(last)];
  const words: Extent[] = [];
  for (const { 0: text, index } of raw.slice(first, last + 1).matchAll(/\S+/g)) {
    const [begin, end] = [letters.of(first + index), letters.of(first + index + text.length - 1)];
    if (begin && end) words.push({ left: Math.min(begin.left, end.left), right: Math.max(begin.right, end.right) });
  }
  return { bold: head.bold && tail.bold, mono: head.mono && tail.mono, words };
}

/** The extents of a line's words. `read`: the line's text as read, without blanks that are not real. */
export function wordsIn(letters: Letters, { text, start }: RawLine, read: string): Extent[] {
  const words: Extent[] = [];
  let isInWord = false;
  for (let at = 0, to = 0; at < text.length; at++) {
    const isSame = text.charAt(at) === read.charAt(to) || read.charAt(to) === "\t";
    if (isSame) to++;
    if (isSpace(text.charCodeAt(at))) {
      if (isSame) isInWord = false;
      continue;
    }
    const { left, right } = letters.of(start + at) ?? { left: Infinity, right: -Infinity };
    const last = words.at(-1);
    if (isInWord && last)
      words[words.length - 1] = { left: Math.min(last.left, left), right: Math.max(last.right, right) };
    else words.push({ left, right });
    isInWord = true;
  }
  return words;
}
