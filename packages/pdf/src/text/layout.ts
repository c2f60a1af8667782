import { cleanText } from "./clean-text.ts";
import { PHRASED } from "./clusters.ts";
import { isMostlyRtl } from "./right-to-left.ts";
import { hangulBreaks, phraseBreaks, type IsBreak } from "./word-breaks.ts";
import type { Extent, Style } from "./styled.ts";

/** A line and its position on the page. Lengths are in points, from the left and from the bottom. */
export interface Line extends Partial<Omit<Style, "words">> {
  /**
   * The text as the PDF engine returned it. It has tabs between cells, and ends with U+0002 or U+FFFE for a hyphen that
   * was added at the line's end.
   */
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly baseline: number;
  /**
   * The size of the font. 0: the size is unknown, or the text is not horizontal; such a line is never joined to
   * another.
   */
  readonly size: number;
  /**
   * Whether all blanks of the line are about as wide as those that became tabs: then it may be a line of prose that was
   * stretched to the width of its column.
   */
  readonly even?: boolean | undefined;
  readonly words?: readonly Extent[] | undefined;
  /** Whether a hyphen at the line's end belongs to the word before it, although there is a blank between them. */
  readonly hyphenApart?: boolean;
  /** Whether the line ends with a raised mark, such as a footnote's. */
  readonly marked?: boolean;
  /** Whether the line's page is mirrored already, so that reading begins at the left. */
  readonly mirrored?: boolean;
}

/**
 * How exact the widths of lines are. `slack`: by which part of the column's width a full line may end before the
 * column's end.
 */
export interface Precision {
  readonly slack: number;
}

const SOFT_HYPHEN = /[\u0002\ufffe\u00ad]$/;
/** The characters that a hyphen at a line's end may be. */
export const LINE_HYPHENS = "-\u2010\u0002\ufffe\u00ad";
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\u30fc\uff00-\uffef]/u;
const HAN_BLANK = new RegExp(`(?<=${UNSPACED.source}) (?=${UNSPACED.source})`, "gu");
const HAN_PAIR = new RegExp(`${UNSPACED.source}(?=${UNSPACED.source})`, "gu");
/**
 * Matches the first character of a line and the characters directly after it with which no Japanese or Chinese line may
 * begin, such as a full stop. No line is broken between these and the first character.
 */
const NO_LINE_BEGIN =
  /^.([\u3001\u3002\uff0c\uff0e\uff1a\uff1b\uff1f\uff01\uff09\u300d\u300f\u3011\u3009\u300b\u30fb\u30fc\u3005\u3041\u3043\u3045\u3047\u3049\u3063\u3083\u3085\u3087\u30a1\u30a3\u30a5\u30a7\u30a9\u30c3\u30e3\u30e5\u30e7]+)/u;
const REPEATED = "\u0e46";
const HANGUL = /\p{Script=Hangul}/u;
const ITEM = /^(?:[•‣▪●○◦·–—*»→\-\u00b7]\s|\[?\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,4})[.)\]]\s|\[\d)/;
/**
 * In scripts without blanks between words, a line may be broken before any word. This is the width, in ems, that is
 * assumed for the first word of a line, to compute whether this word had room on the line before.
 */
const PHRASE_EM = 4;
/** In a column narrower than this many ems, lines are titles, addresses or verse, and are not joined. */
const MIN_WIDTH_EM = 14;

/**
 * The text of a page: its lines in reading order, with the lines of one paragraph joined. A line is continued by the
 * next one if the next line's first word had no room left on it. Rows of a table, items of a list and other sizes of
 * type begin a new paragraph.
 */
export function pageText(lines: readonly Line[], precision: Precision = { slack: 0.01 }): string {
  const seen = withoutStretch(lines.map((line) => directed(withoutHanBlanks(line))));
  const gaps = seen.map((line, index) => lineGap(line, seen[index + 1]));
  let [hangul, phrases]: IsBreak[] = [];
  const isBreak: IsBreak = (last, first) =>
    HANGUL.test(first.charAt(0))
      ? (hangul ??= hangulBreaks(lines))(last, first)
      : (phrases ??= phraseBreaks(lines))(last, first);
  let text = "";
  let joined = false;
  seen.forEach((line, index) => {
    const next = seen[index + 1];
    if (!next) {
      text += line.text.replace(SOFT_HYPHEN, "-");
      return;
    }
    const broken = brokenWord(line, next);
    joined = broken !== undefined || continues(seen, gaps, index, { joined, slack: precision.slack });
    if (!joined) text += `${line.text.trimEnd().replace(SOFT_HYPHEN, "-")}\n`;
    else text += broken === undefined ? withBlank(line, next, isBreak) : withoutHyphen(broken, lines);
  });
  return cleanText(text);
}

/** `full`: the line was stretched to the width of its column, so it has no room left. */
type SeenLine = Line & { readonly full?: boolean };

/** Removes the blanks from a justified Chinese line in which the program drew a blank between any two characters. */
function withoutHanBlanks(line: Line): SeenLine {
  if (!line.text.includes(" ") || !UNSPACED.test(line.text)) return line;
  const blanks = line.text.match(HAN_BLANK)?.length ?? 0;
  const pairs = line.text.replaceAll(" ", "").match(HAN_PAIR)?.length ?? 0;
  return blanks * 2 > pairs ? { ...line, text: line.text.replace(HAN_BLANK, ""), full: true } : line;
}

/** Mirrors right-to-left lines, so that `left` is where reading begins. */
function directed<T extends Line>(line: T): T {
  if (line.mirrored === true || !isMostlyRtl(line.text)) return line;
  return { ...line, left: -line.right, right: -line.left };
}

/** A line with fewer wide blanks than this may have even ones by chance, in scripts without blanks between words. */
const FEW_BLANKS = 3;

/**
 * How many of the lines near a stretched line must begin and end at the same places, to show that it fills a column.
 */
const columnLines = ({ text }: Line): number =>
  PHRASED.test(text) && text.split("\t").length - 1 < FEW_BLANKS ? 2 : 1;

/**
 * Removes the tabs from lines of prose: a justified line in a narrow column has wide blanks but no cells. A line with
 * equally wide blanks counts as prose if a line near it begins and ends at the same places and has no tabs.
 */
export function withoutStretch<T extends Line>(lines: readonly T[]): readonly T[] {
  if (!lines.some(({ even }) => even)) return lines;
  return lines.map((line, index) => {
    if (!line.even || line.size === 0) return line;
    const isColumn = (other: Line | undefined): boolean =>
      other !== undefined &&
      Math.abs(other.left - line.left) < line.size &&
      Math.abs(other.right - line.right) < line.size &&
      Math.abs(other.size - line.size) <= 0.1 * line.size &&
      !other.text.includes("\t");
    const near = [-3, -2, -1, 1, 2, 3].map((step) => lines[index + step]);
    return near.filter(isColumn).length >= columnLines(line)
      ? { ...line, text: line.text.replaceAll("\t", " ") }
      : line;
  });
}

/**
 * Whether the line after `index` continues the line at `index` in the same paragraph. `joined`: the line at `index`
 * itself continues the line before it.
 */
function continues(
  lines: readonly SeenLine[],
  gaps: readonly number[],
  index: number,
  { joined, slack }: { joined: boolean } & Precision,
): boolean {
  const line = lines[index];
  const next = lines[index + 1];
  // The gap between lines of different blocks is infinite.
  if (!line || !next || gaps[index] === Infinity) return false;
  if ((gaps[index] as number) > 1.25 * leading(gaps, index)) return false;
  if (line.text.includes("\t") || next.text.includes("\t") || ITEM.test(next.text.trimStart())) return false;
  const em = line.size;
  // The first line of a paragraph may be indented, and so may all but the first line of a list item. Apart from that,
  // the next line must not be indented further.
  const shift = next.left - line.left;
  const hanging = !joined && ITEM.test(line.text.trimStart()) && shift < 4 * em;
  if (shift > 0.6 * em && !hanging) return false;
  if (shift < -0.6 * em && joined) return false;
  const end = columnEnd(lines, index);
  if (end - line.left < MIN_WIDTH_EM * em) return false;
  return line.full === true || line.right + firstWordWidth(line, next) > end - slack * (end - line.left);
}

/** The distance between two baselines; infinite when the lines are in different blocks. */
function lineGap(line: Line, next: Line | undefined): number {
  if (!next || line.size === 0 || next.size === 0 || Math.abs(line.size - next.size) > 0.1 * line.size) return Infinity;
  const down = line.baseline - next.baseline;
  return down > 0.5 * line.size && down < 2.1 * line.size ? down : Infinity;
}

/** The smallest distance between lines nearby: the leading of the paragraph. A larger distance separates paragraphs. */
function leading(gaps: readonly number[], index: number): number {
  let least = Infinity;
  for (let at = index - 3; at <= index + 3; at++) least = Math.min(least, gaps[at] ?? Infinity);
  return least;
}

/** The right end of a line's column: how far those lines nearby reach that begin at the same place. */
function columnEnd(lines: readonly Line[], index: number): number {
  const here = lines[index] as Line;
  const [reach, likeSize] = [3 * here.size, 0.1 * here.size];
  let end = here.right;
  for (const step of [-1, 1]) {
    for (let at = index + step; at >= 0 && at < lines.length && Math.abs(at - index) <= 60; at += step) {
      const line = lines[at] as Line;
      if (line.right <= end || line.left >= end || Math.abs(line.left - here.left) > reach) continue;
      if (Math.abs(line.size - here.size) <= likeSize && !line.text.includes("\t")) end = line.right;
    }
  }
  return end;
}

/** The width of the blank and of the next line's first word, up to where that word may be broken. */
function firstWordWidth(line: Line, next: Line): number {
  const text = next.text.trim();
  const [word = ""] = /^\S+/u.exec(text) ?? [];
  const [, bound = ""] = NO_LINE_BEGIN.exec(word) ?? [];
  if (PHRASED.test(word)) return PHRASE_EM * line.size;
  const signs = UNSPACED.test(word) || HANGUL.test(word) ? 1.2 + bound.length : word.length + 1;
  const perUnit = UNSPACED.test(word) || HANGUL.test(word) ? line.size : (next.right - next.left) / text.length;
  return signs * perUnit;
}

/**
 * A word with a hyphen at the end of a line. `before`: the line without the hyphen. `head`, `tail`: the parts of the
 * word.
 */
interface BrokenWord {
  readonly before: string;
  readonly head: string;
  readonly tail: string;
}

function brokenWord(line: Line, next: Line): BrokenWord | undefined {
  const whole = line.text.trimEnd();
  if (whole === "" || !LINE_HYPHENS.includes(whole.charAt(whole.length - 1))) return undefined;
  // The word must end just before the hyphen, because after a blank it is usually a dash between words. Only if the
  // hyphen is known to belong to the word, a blank may be before it.
  const before = line.hyphenApart === true ? whole.slice(0, -1).trimEnd() : whole.slice(0, -1);
  const [head] = /[\p{L}\p{M}]+$/u.exec(before) ?? [];
  // The rest of the word begins with a small letter. Before a capital or a digit, and after a number, the hyphen
  // belongs to the word.
  const [tail] = /^\p{Ll}[\p{L}\p{M}]*/u.exec(next.text.trimStart()) ?? [];
  return head && tail ? { before, head, tail } : undefined;
}

/** The line without the hyphen, unless the same word has a hyphen elsewhere on the page. */
function withoutHyphen({ before, head, tail }: BrokenWord, lines: readonly Line[]): string {
  const compound = `${head}-${tail}`;
  return lines.some(({ text }) => text.includes(compound)) ? `${before}-` : before;
}

/**
 * Matches the characters with which nearly all lines end. A line that ends with one of them is always joined to the
 * next line with a blank, whatever the next line begins with.
 */
const USUAL_END = /[a-zA-Z0-9,;)]/;

/** A line as it is joined to the next one: with a blank at its end, or without one. */
function withBlank(line: Line, next: Line, isBreak: IsBreak): string {
  const whole = line.text.trimEnd();
  if (USUAL_END.test(whole.charAt(whole.length - 1))) return `${whole} `;
  const before = whole.replace(SOFT_HYPHEN, "-");
  const after = next.text.trimStart();
  const [last = "", first = ""] = [before.at(-1), after.at(0)];
  if (/[\p{L}\p{N}][-\u2010]$/u.test(before) && /[\p{L}\p{N}]/u.test(first)) return before;
  // A path or a URL goes on without a blank. A slash after a blank is a sign of its own.
  if ((/\S\/$/.test(before) || /:\/\/\S*[.=&?_-]$/.test(before)) && /[\p{L}\p{N}_.~$({]/u.test(first)) return before;
  if (UNSPACED.test(last) && UNSPACED.test(first)) return before;
  // A blank stands before Thai's sign of repetition. Otherwise a line of Thai or Korean that ends without a blank may
  // have been broken where there is none: Thai has blanks only between phrases, and Korean words are broken when the
  // column is full.
  if (first === REPEATED) return `${before} `;
  const isUnmarked = (PHRASED.test(last) && PHRASED.test(first)) || (HANGUL.test(last) && HANGUL.test(first));
  if (isUnmarked && !/\s$/.test(line.text) && !isBreak(before, after)) return before;
  return `${before} `;
}
