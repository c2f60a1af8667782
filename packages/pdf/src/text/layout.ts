import { cleanText } from "./clean-text.ts";
import { hangulBreaks } from "./hangul-breaks.ts";
import type { Extent, Style } from "./styled.ts";

/** A line and its position on the page. Lengths are in points, from the left and from the bottom. */
export interface Line extends Partial<Omit<Style, "words">> {
  /**
   * The engine's text: tabs between cells; U+0002 or U+FFFE at the end for a hyphen that was added at the line's end.
   */
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly baseline: number;
  /** The size of the font. 0: unknown, or not horizontal text; such a line is never joined to another. */
  readonly size: number;
  /**
   * All blanks of the line are about as wide as those that became tabs, so it may be a line stretched to the width of
   * its column.
   */
  readonly even?: boolean | undefined;
  readonly words?: readonly Extent[] | undefined;
  /** The line ends with a raised mark, such as a footnote's. */
  readonly marked?: boolean;
}

/**
 * How exact widths are. `slack`: how far a full line may end before its column's end, as a part of the column's width.
 */
export interface Precision {
  readonly slack: number;
}

const SOFT_HYPHEN = /[\u0002\ufffe\u00ad]$/;
const LINE_HYPHENS = "-\u2010\u0002\ufffe\u00ad";
/** The blocks of right-to-left scripts: a quicker test than RTL, and almost no page matches. */
const MAYBE_RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\ud802\ud803\ud83b]/;
const RTL = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}]/u;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\u30fc\uff00-\uffef]/u;
const HAN_BLANK = new RegExp(`(?<=${UNSPACED.source}) (?=${UNSPACED.source})`, "gu");
const HAN_PAIR = new RegExp(`${UNSPACED.source}(?=${UNSPACED.source})`, "gu");
/** A character that no Japanese or Chinese line begins with, and more of them after it. */
const NO_LINE_BEGIN =
  /^.([\u3001\u3002\uff0c\uff0e\uff1a\uff1b\uff1f\uff01\uff09\u300d\u300f\u3011\u3009\u300b\u30fb\u30fc\u3005\u3041\u3043\u3045\u3047\u3049\u3063\u3083\u3085\u3087\u30a1\u30a3\u30a5\u30a7\u30a9\u30c3\u30e3\u30e5\u30e7]+)/u;
/** Scripts without blanks between words: Thai, Lao, Burmese, Khmer. */
const PHRASED = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]/;
const HANGUL = /\p{Script=Hangul}/u;
const ITEM = /^(?:[•‣▪●○◦·–—*»→\-\u00b7]\s|\[?\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,4})[.)\]]\s|\[\d)/;
/** The assumed width, in ems, of a phrase of such a script before which a line may be broken. */
const PHRASE_EM = 4;
/** Lines in a narrower column than this are titles, addresses or verse, whose line ends have a meaning. */
const MIN_WIDTH_EM = 14;

/**
 * The text of a page: lines in reading order, with the lines of one paragraph joined. A line continues in the next line
 * if the next line's first word had no room left on it. Rows of a table, items of a list and other type sizes begin a
 * new paragraph.
 */
export function pageText(lines: readonly Line[], precision: Precision = { slack: 0.01 }): string {
  const seen = withoutStretch(lines.map((line) => directed(withoutHanBlanks(line))));
  const gaps = seen.map((line, index) => lineGap(line, seen[index + 1]));
  let breaks: ReturnType<typeof hangulBreaks> | undefined;
  const isBreak = (last: string, first: string): boolean => (breaks ??= hangulBreaks(lines))(last, first);
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

/** `full`: the line was stretched to the width of its column. */
type SeenLine = Line & { readonly full?: boolean };

/** Removes blanks from a justified Chinese line in which the program drew one between any two characters. */
function withoutHanBlanks(line: Line): SeenLine {
  if (!line.text.includes(" ") || !UNSPACED.test(line.text)) return line;
  const blanks = line.text.match(HAN_BLANK)?.length ?? 0;
  const pairs = line.text.replaceAll(" ", "").match(HAN_PAIR)?.length ?? 0;
  return blanks * 2 > pairs ? { ...line, text: line.text.replace(HAN_BLANK, ""), full: true } : line;
}

/** Mirrors right-to-left lines, so that `left` is where reading begins. */
function directed<T extends Line>(line: T): T {
  if (!MAYBE_RTL.test(line.text) || !RTL.test(line.text)) return line;
  const letters = line.text.match(/\p{L}/gu) ?? [];
  const rtl = letters.filter((letter) => RTL.test(letter)).length * 2 > letters.length;
  return rtl ? { ...line, left: -line.right, right: -line.left } : line;
}

/**
 * Removes the tabs from lines of prose: a justified line in a narrow column has wide blanks but no cells. Such a line
 * is as wide as a line of prose beside it.
 */
function withoutStretch(lines: SeenLine[]): SeenLine[] {
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
    return near.some(isColumn) ? { ...line, text: line.text.replaceAll("\t", " ") } : line;
  });
}

/** Whether a line continues in the next one. `joined`: the line itself continues the line before it. */
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
  // The first line may be indented, and so may the rest of a list item; the line after it must not be indented further.
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

/** The smallest distance of lines nearby. A larger distance separates paragraphs. */
function leading(gaps: readonly number[], index: number): number {
  let least = Infinity;
  for (let at = index - 3; at <= index + 3; at++) least = Math.min(least, gaps[at] ?? Infinity);
  return least;
}

/** The right end of the column: how far the lines nearby reach that begin at the same place. */
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

/** The width of the next line's first word, which cannot be broken, and of the blank before it. */
function firstWordWidth(line: Line, next: Line): number {
  const text = next.text.trim();
  const [word = ""] = /^\S+/u.exec(text) ?? [];
  const [, bound = ""] = NO_LINE_BEGIN.exec(word) ?? [];
  if (PHRASED.test(word)) return PHRASE_EM * line.size;
  const signs = UNSPACED.test(word) || HANGUL.test(word) ? 1.2 + bound.length : word.length + 1;
  const perUnit = UNSPACED.test(word) || HANGUL.test(word) ? line.size : (next.right - next.left) / text.length;
  return signs * perUnit;
}

/** A word that is hyphenated at a line's end: the line, and both parts of the word. */
interface BrokenWord {
  readonly before: string;
  readonly head: string;
  readonly tail: string;
}

function brokenWord(line: Line, next: Line): BrokenWord | undefined {
  const whole = line.text.trimEnd();
  if (whole === "" || !LINE_HYPHENS.includes(whole.charAt(whole.length - 1))) return undefined;
  const before = whole.slice(0, -1).trimEnd();
  const [head] = /[\p{L}\p{M}]+$/u.exec(before) ?? [];
  // Before a capital or a digit, the hyphen belongs to the word, as it does after a number.
  const [tail] = /^\p{Ll}[\p{L}\p{M}]*/u.exec(next.text.trimStart()) ?? [];
  return head && tail ? { before, head, tail } : undefined;
}

/** Removes the hyphen, unless the same word has a hyphen elsewhere on the page. */
function withoutHyphen({ before, head, tail }: BrokenWord, lines: readonly Line[]): string {
  const compound = `${head}-${tail}`;
  return lines.some(({ text }) => text.includes(compound)) ? `${before}-` : before;
}

/** The last character of nearly all lines. A blank always follows it, so the next line need not be examined. */
const USUAL_END = /[a-zA-Z0-9,;)]/;

/** A line, and the blank between it and the next line of its paragraph, if there is one. */
function withBlank(line: Line, next: Line, isBreak: ReturnType<typeof hangulBreaks>): string {
  const whole = line.text.trimEnd();
  if (USUAL_END.test(whole.charAt(whole.length - 1))) return `${whole} `;
  const before = whole.replace(SOFT_HYPHEN, "-");
  const [last = "", first = ""] = [before.at(-1), next.text.trimStart().at(0)];
  if (/[\p{L}\p{N}][-\u2010]$/u.test(before) && /[\p{L}\p{N}]/u.test(first)) return before;
  // A path or a URL continues without a blank. A slash with a blank before it stands alone.
  if ((/\S\/$/.test(before) || /:\/\/\S*[.=&?_-]$/.test(before)) && /[\p{L}\p{N}_.~$({]/u.test(first)) return before;
  if (UNSPACED.test(last) && UNSPACED.test(first)) return before;
  // Thai has blanks only between phrases. A line that was broken at such a blank ends with it.
  if (PHRASED.test(last) && PHRASED.test(first) && !/\s$/.test(line.text)) return before;
  // Korean is broken within words when the column is full; a blank at a line's end is real.
  if (HANGUL.test(last) && HANGUL.test(first) && !/\s$/.test(line.text) && !isBreak(last, first)) return before;
  return `${before} `;
}
