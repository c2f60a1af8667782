import { withoutStretch, type Line } from "../text/layout.ts";
import type { Extent } from "../text/styled.ts";

/** Pieces of text are in one row if their baselines differ by at most this many ems. */
export const SAME_ROW_EM = 0.4;
/**
 * A raised mark, such as that of a footnote, has at most this part of the size of the text beside it, and at most
 * MARK_CHARS characters.
 */
const RAISED = 0.8;
const MARK_CHARS = 4;
/** A raised mark at the beginning of a footnote is at most this many ems before its text. */
const MAX_MARK_GAP_EM = 1;

/**
 * Splits lines at tabs, so that each cell becomes a line of its own. Leaves out empty cells, and joins raised marks to
 * the text before them, or else to the text after them.
 */
export function cellsOf(lines: readonly Line[]): Line[] {
  const cells: Line[] = [];
  for (const line of withoutStretch(lines).flatMap((each) => (each.text.includes("\t") ? splitCells(each) : [each]))) {
    if (line.text.trim() === "") continue;
    const last = cells.at(-1);
    if (last && (isMarkOf(last, line) || goesOnAfterMark(last, line))) cells[cells.length - 1] = joined(last, line);
    else if (last && isMarkBefore(last, line)) cells[cells.length - 1] = withMark(last, line);
    else cells.push(line);
  }
  return cells;
}

function splitCells(line: Line): Line[] {
  const words = wordsOf(line);
  let from = 0;
  return line.text.split("\t").map((text) => {
    const own = words.slice(from, (from += text.match(/\S+/g)?.length ?? 0));
    const [left, right] = [own[0]?.left ?? line.left, own.at(-1)?.right ?? line.right];
    return { ...line, text, left, right, words: own, even: undefined };
  });
}

function isMarkOf(last: Line, line: Line): boolean {
  return isRaised(line, last) && Math.abs(line.left - last.right) < 0.4 * last.size;
}

/** Whether a piece of text is the raised mark of a footnote whose text begins with the next piece. */
function isMarkBefore(mark: Line, line: Line): boolean {
  const gap = line.left - mark.right;
  return isRaised(mark, line) && NOTE_MARK.test(mark.text) && gap >= 0 && gap < MAX_MARK_GAP_EM * line.size;
}

const NOTE_MARK = /^\s*(?:\d{1,3}|[*†‡§])\s*$/u;

function isRaised({ text, size, baseline }: Line, beside: Line): boolean {
  const raised = baseline - beside.baseline;
  if (size === 0 || beside.size === 0 || size > RAISED * beside.size || text.trim().length > MARK_CHARS) return false;
  return raised > 0.1 * beside.size && raised < 0.8 * beside.size;
}

const withMark = (mark: Line, line: Line): Line => ({
  ...line,
  text: `${mark.text.trim()} ${line.text.trimStart()}`,
  left: mark.left,
  words: undefined,
});

function goesOnAfterMark(last: Line, line: Line): boolean {
  if (last.marked !== true || line.size !== last.size || line.size === 0) return false;
  const gap = line.left - last.right;
  return Math.abs(line.baseline - last.baseline) < 0.1 * line.size && gap > -0.3 * line.size && gap < line.size;
}

function joined(last: Line, line: Line): Line {
  const isMark = line.size < last.size;
  const blank = isMark || /^\s*[.,;:!?)]/.test(line.text) ? "" : " ";
  const text = last.text.trimEnd() + blank + line.text.trimStart();
  return { ...last, text, right: line.right, words: undefined, marked: isMark };
}

/** Whether two pieces of text are beside each other in one row. */
export function isOneRow(one: Line, other: Line): boolean {
  const em = Math.min(one.size, other.size);
  if (em === 0 || Math.abs(one.baseline - other.baseline) > SAME_ROW_EM * em) return false;
  return one.right <= other.left + 0.1 * em || other.right <= one.left + 0.1 * em;
}

/** Groups pieces of text into rows, from top to bottom; within a row, from left to right. */
export function rowsOf(cells: readonly Line[]): Line[][] {
  const rows: Line[][] = [];
  for (const cell of cells.toSorted((one, other) => other.baseline - one.baseline)) {
    const row = rows.at(-1);
    const [first] = row ?? [];
    if (row && first && Math.abs(first.baseline - cell.baseline) <= SAME_ROW_EM * Math.min(first.size, cell.size))
      row.push(cell);
    else rows.push([cell]);
  }
  return rows.map((row) => row.toSorted((one, other) => one.left - other.left));
}

export interface Word extends Extent {
  readonly text: string;
}

/**
 * The words of a piece of text, with their extents. If the extents are unknown, they are estimated from the number of
 * letters.
 */
export function wordsOf({ text, left, right, words }: Line): Word[] {
  const perUnit = (right - left) / Math.max(1, text.length);
  const found = [...text.matchAll(/\S+/g)];
  return found.map(({ 0: word, index }, at) => {
    const place = words?.length === found.length ? words[at] : undefined;
    const begin = left + index * perUnit;
    return { text: word, left: place?.left ?? begin, right: place?.right ?? begin + word.length * perUnit };
  });
}

export function countLetters({ text }: Line): number {
  return text.replaceAll(/\s/g, "").length;
}
