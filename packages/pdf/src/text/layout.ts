import { cleanText } from "./clean-text.ts";
import { PHRASED } from "./clusters.ts";
import { isMostlyRtl } from "./right-to-left.ts";
import { hangulBreaks, phraseBreaks, type IsBreak } from "./word-breaks.ts";
import type { Extent, LineRole, Style } from "./styled.ts";

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
   * Whether all blanks of the line are about equally wide, the tabs included. Then the line may be prose that was
   * stretched to the width of its column.
   */
  readonly even?: boolean | undefined;
  /** From where to where the gaps reach for which the line has tabs; undefined if unknown. */
  readonly tabs?: readonly Extent[] | undefined;
  readonly words?: readonly Extent[] | undefined;
  /** Whether a hyphen at the line's end belongs to the word before it, although there is a blank between them. */
  readonly hyphenApart?: boolean;
  /** Whether the line ends with a raised mark, such as a footnote's. */
  readonly marked?: boolean;
  /** Whether the line is mirrored already: it was read from the right, and now begins at the left. */
  readonly mirrored?: boolean;
  readonly role?: LineRole | undefined;
  /** Whether this is the place of a whole block of turned text, of which the line is a part. */
  readonly inBlock?: boolean;
}

/**
 * How exact the widths of lines are. `slack`: a line counts as full if it ends before its column's end by at most this
 * part of the column's width.
 */
export interface Precision {
  readonly slack: number;
  /** For the lines of one cell of a table: where a full line of the table's column ends; undefined if unknown. */
  readonly cellEnd?: number | undefined;
  /** Whether all lines are one paragraph. */
  readonly isWhole?: boolean | undefined;
}

/** The precision of lines whose letters' positions are known. */
export const EXACT: Precision = { slack: 0.01 };

const SOFT_HYPHEN = /[\u0002\ufffe\u00ad]$/;
/** The characters that may be a hyphen at a line's end. */
export const LINE_HYPHENS = "-\u2010\u0002\ufffe\u00ad";
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\u30fc\uff00-\uffef]/u;
const HAN_BLANK = new RegExp(`(?<=${UNSPACED.source}) (?=${UNSPACED.source})`, "gu");
const HAN_PAIR = new RegExp(`${UNSPACED.source}(?=${UNSPACED.source})`, "gu");
/**
 * Matches the first character of a line, and after it the characters with which a Japanese or Chinese line may not
 * begin, such as a full stop. No line is broken between the first character and these.
 */
const NO_LINE_BEGIN =
  /^.([\u3001\u3002\uff0c\uff0e\uff1a\uff1b\uff1f\uff01\uff09\u300d\u300f\u3011\u3009\u300b\u30fb\u30fc\u3005\u3041\u3043\u3045\u3047\u3049\u3063\u3083\u3085\u3087\u30a1\u30a3\u30a5\u30a7\u30a9\u30c3\u30e3\u30e5\u30e7]+)/u;
const REPEATED = "\u0e46";
/**
 * Matches a character after which there is always a blank, in scripts without blanks between words: Thai's sign of
 * repetition, and the full stops and commas of Burmese and Khmer.
 */
const BEFORE_BLANK = /[\u0e46\u104a\u104b\u17d4\u17d5]/;
const HANGUL = /\p{Script=Hangul}/u;
const ITEM = /^(?:[•‣▪●○◦·–—*»→\-\u00b7]\s|\[?\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,4})[.)\]]\s|\[\d)/;
/**
 * The width, in ems, that is assumed for the first word of a line in scripts without blanks between words. It decides
 * whether this word had room on the line before.
 */
const PHRASE_EM = 4;
/**
 * The same for a line of a cell. It is narrower, because cells often have lines that end with a name or an item before
 * the column is full. Such an item of nearly the column's width is still taken for a full line.
 */
const CELL_WORD_EM = 2;
/** In a column narrower than this many ems, lines are titles, addresses or verse, and are not joined. */
const MIN_WIDTH_EM = 14;

/**
 * Joins the lines of a page, given in reading order, into the text of the page: one line for each paragraph. A line
 * belongs to the same paragraph as the line before it if its first word had no room at the end of that line. Rows of a
 * table, items of a list, and lines in another font size begin a new paragraph.
 */
export function pageText(lines: readonly Line[], precision: Precision = EXACT): string {
  const seen = withoutStretch(lines.map((line) => directed(withoutHanBlanks(line))));
  const gaps = seen.map((line, index) => lineGap(line, seen[index + 1]));
  let [hangul, phrases]: IsBreak[] = [];
  const isBreak: IsBreak = (last, first) =>
    HANGUL.test(first.charAt(0))
      ? (hangul ??= hangulBreaks(lines))(last, first)
      : (phrases ??= phraseBreaks(lines))(last, first);
  let compounds: string | undefined;
  const isCompound = (word: string): boolean => (compounds ??= wordsWithHyphen(lines)).includes(word);
  let text = "";
  let joined = false;
  seen.forEach((line, index) => {
    const next = seen[index + 1];
    if (!next) {
      text += line.text.replace(SOFT_HYPHEN, "-");
      return;
    }
    const broken = brokenWord(line, next);
    joined =
      broken !== undefined ||
      precision.isWhole === true ||
      continues(seen, gaps, index, { joined, slack: precision.slack }) ||
      isFullInCell(line, next, precision.cellEnd);
    if (!joined) text += `${line.text.trimEnd().replace(SOFT_HYPHEN, "-")}\n`;
    else text += broken === undefined ? withBlank(line, next, isBreak) : withoutHyphen(broken, isCompound);
  });
  return cleanText(text);
}

/** `full`: the line was stretched to the width of its column, so it has no room left. */
type SeenLine = Line & { readonly full?: boolean };

/** Removes the blanks of a justified Chinese line in which the program has drawn blanks between the characters. */
function withoutHanBlanks(line: Line): SeenLine {
  if (!line.text.includes(" ") || !UNSPACED.test(line.text)) return line;
  const blanks = line.text.match(HAN_BLANK)?.length ?? 0;
  const pairs = line.text.replaceAll(" ", "").match(HAN_PAIR)?.length ?? 0;
  return blanks * 2 > pairs ? { ...line, text: line.text.replace(HAN_BLANK, ""), full: true } : line;
}

/**
 * Mirrors a right-to-left line (its positions get the opposite sign), so that the place where the line begins becomes
 * `left`.
 */
function directed<T extends Line>(line: T): T {
  if (line.mirrored === true || !isMostlyRtl(line.text)) return line;
  return { ...line, left: -line.right, right: -line.left };
}

/**
 * In scripts without blanks between words, fewer wide blanks in a line than this may be equally wide by chance. Then
 * two other lines must show that the line was stretched; otherwise one is enough.
 */
const FEW_BLANKS = 3;

/**
 * How many lines near a line with even blanks must begin and end at the same places as this line, so that it counts as
 * stretched to the width of its column.
 */
const columnLines = ({ text }: Line): number =>
  PHRASED.test(text) && text.split("\t").length - 1 < FEW_BLANKS ? 2 : 1;

/**
 * Replaces tabs by blanks in lines of prose: a justified line in a narrow column has wide blanks but no cells. A line
 * with even blanks is prose if enough lines near it begin and end at the same places, and have no tabs below or above its
 * own ones: the cells of a table are below each other.
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
      (!other.text.includes("\t") || isApart(other, line));
    const near = [-3, -2, -1, 1, 2, 3].map((step) => lines[index + step]);
    return near.filter(isColumn).length >= columnLines(line)
      ? { ...line, text: line.text.replaceAll("\t", " ") }
      : line;
  });
}

/** A gap wider than this many ems may separate a label from its value, even in a line with even blanks. */
const MAX_STRETCH_EM = 3;

/**
 * Whether no tab of the one line is below or above a tab of the other line, which is in a script without blanks between
 * words. The lines of other scripts have enough blanks to be known by their number. Lines with a gap too wide for prose
 * do not count: labels and values at the two edges of a column have their gaps at different places, too.
 */
function isApart(one: Line, other: Line): boolean {
  if (!one.tabs || !other.tabs || !PHRASED.test(other.text)) return false;
  if ([...one.tabs, ...other.tabs].some(({ left, right }) => right - left > MAX_STRETCH_EM * other.size)) return false;
  return !one.tabs.some((gap) => other.tabs?.some(({ left, right }) => gap.left < right && left < gap.right));
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
  // Infinity: the lines are in different blocks.
  if (!line || !next || gaps[index] === Infinity) return false;
  if ((gaps[index] as number) > 1.25 * leading(gaps, index)) return false;
  if (line.text.includes("\t") || next.text.includes("\t") || ITEM.test(next.text.trimStart())) return false;
  const em = line.size;
  // How far the next line begins to the right of the line at `index`. It may begin farther to the right only if the
  // line at `index` begins an item of a list, and farther to the left only if the line at `index` is the first of its
  // paragraph.
  const shift = next.left - line.left;
  const hanging = !joined && ITEM.test(line.text.trimStart()) && shift < 4 * em;
  if (shift > 0.6 * em && !hanging) return false;
  if (shift < -0.6 * em && joined) return false;
  const end = columnEnd(lines, index);
  if (end - line.left < MIN_WIDTH_EM * em) return false;
  return line.full === true || line.right + firstWordWidth(line, next) > end - slack * (end - line.left);
}

/**
 * Whether a line of a cell is continued by the next line of the cell, in a script without blanks between words. In other
 * scripts there is a blank between two lines of a cell anyway.
 */
function isFullInCell(line: SeenLine, next: SeenLine, end = Infinity): boolean {
  const [last = "", first = ""] = [line.text.trimEnd().at(-1), next.text.trimStart().at(0)];
  return PHRASED.test(last) && PHRASED.test(first) && line.right + CELL_WORD_EM * line.size > end;
}

/** The distance from a line's baseline to the next one's; Infinity if the lines are in different blocks. */
function lineGap(line: Line, next: Line | undefined): number {
  if (!next || line.size === 0 || next.size === 0 || Math.abs(line.size - next.size) > 0.1 * line.size) return Infinity;
  const down = line.baseline - next.baseline;
  return down > 0.5 * line.size && down < 2.1 * line.size ? down : Infinity;
}

/**
 * Returns the smallest of the distances between baselines (`gaps`) up to three lines before and after `index`. It is
 * used as the distance of lines within a paragraph.
 */
function leading(gaps: readonly number[], index: number): number {
  let least = Infinity;
  for (let at = index - 3; at <= index + 3; at++) least = Math.min(least, gaps[at] ?? Infinity);
  return least;
}

/**
 * The right edge of a line's column: the farthest right end among the lines nearby that begin at about the same place.
 */
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

/**
 * Returns the width that the next line would need on this line: that of a blank and the first word, up to where this
 * word may be broken.
 */
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
  // A hyphen after a blank is usually a dash between words. It belongs to the word before it if `hyphenApart` is true.
  const before = line.hyphenApart === true ? whole.slice(0, -1).trimEnd() : whole.slice(0, -1);
  const [head] = /[\p{L}\p{M}]+$/u.exec(before) ?? [];
  // The rest of a broken word begins with a lower-case letter. Before a capital or a digit, and after a number, the
  // hyphen is a part of the word.
  const [tail] = /^\p{Ll}[\p{L}\p{M}]*/u.exec(next.text.trimStart()) ?? [];
  return head && tail ? { before, head, tail } : undefined;
}

/**
 * Returns the line without the hyphen at its end; with the hyphen, if the whole word is elsewhere on the page with a
 * hyphen, as `isCompound` tells.
 */
function withoutHyphen({ before, head, tail }: BrokenWord, isCompound: (word: string) => boolean): string {
  return isCompound(`${head}-${tail}`) ? `${before}-` : before;
}

/** The words of a page that have a hyphen inside, each of them once. */
function wordsWithHyphen(lines: readonly Line[]): string {
  const words = lines.flatMap(({ text }) => (text.includes("-") ? text.split(/\s/) : []));
  return [...new Set(words.filter((word) => word.includes("-")))].join(" ");
}

/**
 * Matches the characters with which nearly all lines end. A line that ends with one of them is always joined to the
 * next line with a blank, whatever the next line begins with.
 */
const USUAL_END = /[a-zA-Z0-9,;)]/;

/** Returns the line, with a blank at its end if a blank belongs between it and the next line. */
function withBlank(line: Line, next: Line, isBreak: IsBreak): string {
  const whole = line.text.trimEnd();
  if (USUAL_END.test(whole.charAt(whole.length - 1))) return `${whole} `;
  const before = whole.replace(SOFT_HYPHEN, "-");
  const after = next.text.trimStart();
  const [last = "", first = ""] = [before.at(-1), after.at(0)];
  if (/[\p{L}\p{N}][-\u2010]$/u.test(before) && /[\p{L}\p{N}]/u.test(first)) return before;
  // A line that ends within a path or a URL is joined to the next line without a blank. A slash after a blank is no
  // part of a path.
  if ((/\S\/$/.test(before) || /:\/\/\S*[.=&?_-]$/.test(before)) && /[\p{L}\p{N}_.~$({]/u.test(first)) return before;
  if (UNSPACED.test(last) && UNSPACED.test(first)) return before;
  // Before Thai's sign of repetition there is always a blank. Any other line of Thai or Korean that ends without a
  // blank may have been broken where there is none: Thai has blanks only between phrases, and Korean words are broken
  // when the column is full.
  if (first === REPEATED || (BEFORE_BLANK.test(last) && PHRASED.test(first))) return `${before} `;
  const isUnmarked = (PHRASED.test(last) && PHRASED.test(first)) || (HANGUL.test(last) && HANGUL.test(first));
  if (isUnmarked && !/\s$/.test(line.text) && !isBreak(before, after)) return before;
  return `${before} `;
}
