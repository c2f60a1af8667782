import type { Line } from "../text/layout.ts";
import type { Extent, Rules } from "../text/styled.ts";
import { wordsOf, type Word } from "./cells.ts";

/** Words with a smaller gap than this between them, in ems, belong to one cell. */
const WORD_GAP_EM = 0.5;
/**
 * A line is full if it has at least this part of the cells of the fullest line. Only full lines determine the columns.
 */
const FULL_LINE = 0.6;

/** For each column of a table: the pieces of text that a line has in it. */
export type PlacedLine = ReadonlyArray<readonly Line[]>;

/** Words of a line that belong to one cell, because they are close together. */
export interface Fragment extends Extent {
  readonly words: readonly Word[];
  readonly line: Line;
}

/** Splits a line into fragments: at each gap that may separate cells. */
export function fragmentsOf(line: readonly Line[]): Fragment[] {
  return line.flatMap((piece) => {
    const found: Fragment[] = [];
    for (const word of wordsOf(piece)) {
      const last = found.at(-1);
      const gap = last ? Math.max(word.left - last.right, last.left - word.right) : Infinity;
      if (last && gap < WORD_GAP_EM * piece.size) found[found.length - 1] = widenedBy(last, word);
      else found.push({ words: [word], line: piece, left: word.left, right: word.right });
    }
    return found;
  });
}

function widenedBy(fragment: Fragment, word: Word): Fragment {
  const [left, right] = [Math.min(fragment.left, word.left), Math.max(fragment.right, word.right)];
  return { ...fragment, words: [...fragment.words, word], left, right };
}

/**
 * Whether a line is full: it has at least two fragments, and at least the part FULL_LINE of those of the fullest line.
 */
export function isFull(line: readonly Fragment[], lines: ReadonlyArray<readonly Fragment[]>): boolean {
  return line.length > 1 && line.length >= FULL_LINE * Math.max(...lines.map(({ length }) => length));
}

/**
 * The columns of a table, from left to right. The borders are upright lines that are drawn on the page; if there are
 * none, gaps that all full lines have in common.
 */
export function columnsOf(lines: ReadonlyArray<readonly Fragment[]>, rules: Rules): Extent[] {
  const all = lines.flat();
  const [left, right] = [Math.min(...all.map((one) => one.left)), Math.max(...all.map((one) => one.right))];
  const between = uprightBetween(lines, rules, { left, right });
  if (between.length > 0) {
    const edges = [-Infinity, ...between, Infinity];
    return edges.slice(1).map((edge, index) => ({ left: edges[index] ?? -Infinity, right: edge }));
  }
  let columns: Extent[] = [];
  for (const line of lines) if (isFull(line, lines)) for (const one of line) columns = widened(columns, one);
  // In a line that is not full, a fragment that overlaps no column found so far becomes a further column, unless it is
  // alone in its line.
  for (const line of lines)
    if (line.length > 1)
      for (const one of line) if (overlapping(columns, one).length === 0) columns = widened(columns, one);
  return columns.toSorted((one, other) => one.left - other.left);
}

/**
 * Returns the x positions of the upright lines that are drawn inside of the table, beside more than half of its lines
 * of text.
 */
function uprightBetween(lines: ReadonlyArray<readonly Fragment[]>, rules: Rules, { left, right }: Extent): number[] {
  const baselines = lines.flat().map(({ line }) => line.baseline);
  const [top, bottom] = [Math.max(...baselines), Math.min(...baselines)];
  const inside = rules.upright.filter(({ x }) => x > left && x < right);
  const found: number[] = [];
  for (const x of inside.map((rule) => rule.x).toSorted((one, other) => one - other)) {
    if (x - (found.at(-1) ?? -Infinity) < 4) continue;
    const parts = inside.filter((rule) => Math.abs(rule.x - x) < 4);
    const drawn = lines.filter((line) => parts.some((part) => covers(part, line[0]?.line.baseline ?? 0))).length;
    if (top > bottom && drawn * 2 > lines.length) found.push(x);
  }
  return found;
}

function covers({ bottom, top }: Rules["upright"][number], baseline: number): boolean {
  return bottom <= baseline + 1 && top >= baseline;
}

function widened(columns: readonly Extent[], one: Extent): Extent[] {
  const touched = overlapping(columns, one);
  const all = [...touched, one];
  const column = { left: Math.min(...all.map((each) => each.left)), right: Math.max(...all.map((each) => each.right)) };
  return [...columns.filter((each) => !touched.includes(each)), column];
}

export function overlapping(columns: readonly Extent[], one: Extent): Extent[] {
  return columns.filter((column) => Math.min(column.right, one.right) - Math.max(column.left, one.left) > 0.5);
}
