import type { Line } from "../text/layout.ts";
import type { Extent, Rules } from "../text/styled.ts";
import { wordsOf, type Word } from "./cells.ts";
import { firstIndex } from "./first-index.ts";

/** Words with a smaller gap than this between them, in ems, belong to one cell. */
const WORD_GAP_EM = 0.5;
/** Matches the dots between a text and the next cell. They belong to the text, also if they are this far from it. */
const LEADER = /^[.\u2026\u00b7_]+$/;
const MAX_LEADER_GAP_EM = 2;
/**
 * A line is full if it has at least this part of the cells of the fullest line. Only full lines determine the columns.
 */
const FULL_LINE = 0.6;
/**
 * A gap between columns may be crossed by at most this part of the full lines, but by one line if there are at least
 * MIN_LINES: heads and headings are often wider than the columns below them.
 */
const MAX_ACROSS = 0.15;
const MIN_LINES = 4;
/** Drawn lines separate groups of columns if gaps show at least this many times as many columns. */
const GROUPED_BY_LINES = 1.5;
/** A table has at most this many lines of heads. */
const MAX_HEAD_LINES = 3;

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
      const isNear = gap < (LEADER.test(word.text) ? MAX_LEADER_GAP_EM : WORD_GAP_EM) * piece.size;
      if (last && isNear) found[found.length - 1] = widenedBy(last, word);
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
 * Returns a function that tests whether a line is full: it has at least two fragments, and at least the part FULL_LINE
 * of those of the fullest line.
 */
export function fullTest(lines: ReadonlyArray<readonly Fragment[]>): (line: readonly Fragment[]) => boolean {
  const most = lines.reduce((all, { length }) => Math.max(all, length), 0);
  return ({ length }) => length > 1 && length >= FULL_LINE * most;
}

/**
 * The columns of a table, from left to right. The borders are gaps that nearly all full lines have in common; or upright
 * lines that are drawn on the page, unless the gaps show that these separate groups of columns only.
 */
export function columnsOf(lines: ReadonlyArray<readonly Fragment[]>, rules: Rules): Extent[] {
  const columns = columnsByGaps(lines);
  const between = uprightBetween(lines, rules, around(lines.flat()));
  if (between.length === 0 || GROUPED_BY_LINES * (between.length + 1) <= columns.length) return columns;
  const edges = [-Infinity, ...between, Infinity];
  return edges.slice(1).map((edge, index) => ({ left: edges[index] ?? -Infinity, right: edge }));
}

function columnsByGaps(lines: ReadonlyArray<readonly Fragment[]>): Extent[] {
  const full = lines.filter(fullTest(lines));
  const most = full.length < MIN_LINES ? 0 : Math.max(1, Math.floor(MAX_ACROSS * full.length));
  const wide = withoutInnerGaps(commonExtents(full.flat().filter(isWide), most), full);
  // In a line that is not full, a fragment that overlaps no column found so far becomes a further column, unless it is
  // alone in its line. So does a fragment that is too narrow to overlap any.
  const beside = lines.filter(({ length }) => length > 1);
  for (const [index, line] of beside.entries())
    for (const one of line) {
      const at = isWide(one) ? placeIn(wide, one, OVERLAP) : -1;
      if (at < 0 || (index < MAX_HEAD_LINES && isHeadOf([wide[at - 1], wide[at]], line))) continue;
      wide.splice(at, 0, extentOf(one));
    }
  const narrow = beside.flat().filter((one) => !isWide(one) && placeIn(wide, one, -OVERLAP) >= 0);
  return [...wide, ...united(narrow, -OVERLAP)].sort((one, other) => one.left - other.left);
}

/**
 * Whether a text between two columns is the head of one of them, or of both: it is if the line has no other text in one
 * of them. Heads may be centred over columns whose texts are not.
 */
function isHeadOf(neighbours: ReadonlyArray<Extent | undefined>, line: readonly Fragment[]): boolean {
  return neighbours.some((column) => column && overlapping(line, column).length === 0);
}

/**
 * Joins columns if not more lines have text in both of them than have a text that crosses the gap between them. Then the
 * gap is one within a column, for example between a centred head and the texts below it.
 */
function withoutInnerGaps(columns: readonly Extent[], lines: ReadonlyArray<readonly Fragment[]>): Extent[] {
  const apart = columns.map(() => 0);
  for (const line of lines) {
    const sorted = line.filter(isWide).toSorted((one, other) => one.left - other.left);
    let last = -1;
    for (const one of sorted) {
      const from = firstIndex(columns.length, (index) => columns[index]!.right > one.left + OVERLAP);
      let to = from;
      while (to < columns.length && columns[to]!.left < one.right - OVERLAP) to++;
      if (to === from) continue;
      if (last === from - 1 && last >= 0) apart[from]!++;
      for (let crossed = from + 1; crossed < to; crossed++) apart[crossed]!--;
      last = to - 1;
    }
  }
  const joined: Extent[] = [];
  columns.forEach((column, index) => {
    const before = joined.at(-1);
    if (before && apart[index]! <= 0) joined[joined.length - 1] = { left: before.left, right: column.right };
    else joined.push(column);
  });
  return joined;
}

/** The extents in which more than `most` of the given extents overlap. */
function commonExtents(all: readonly Extent[], most: number): Extent[] {
  const ends = all.flatMap(({ left, right }) => [
    { at: left + OVERLAP / 2, step: 1 },
    { at: right - OVERLAP / 2, step: -1 },
  ]);
  const found: Extent[] = [];
  let count = 0;
  let begin = 0;
  for (const { at, step } of ends.sort((one, other) => one.at - other.at || one.step - other.step)) {
    if (step > 0 && count === most) begin = at;
    count += step;
    if (step < 0 && count === most) found.push({ left: begin - OVERLAP / 2, right: at + OVERLAP / 2 });
  }
  return found;
}

/** Extents overlap if they have more than this in common, in points. */
const OVERLAP = 0.5;
const isWide = ({ left, right }: Extent): boolean => right - left > OVERLAP;
const extentOf = ({ left, right }: Extent): Extent => ({ left, right });

function around(all: readonly Extent[]): Extent {
  let [left, right] = [Infinity, -Infinity];
  for (const one of all) [left, right] = [Math.min(left, one.left), Math.max(right, one.right)];
  return { left, right };
}

/** Joins extents that have more than `overlap` in common. */
function united(all: readonly Extent[], overlap: number): Extent[] {
  const columns: Extent[] = [];
  for (const one of all.toSorted((first, second) => first.left - second.left)) {
    const last = columns.at(-1);
    if (last && Math.min(last.right, one.right) - one.left > overlap)
      columns[columns.length - 1] = { left: last.left, right: Math.max(last.right, one.right) };
    else columns.push(extentOf(one));
  }
  return columns;
}

/**
 * The index at which an extent belongs among columns, which are sorted and do not overlap; -1 if it has more than
 * `overlap` in common with one of them.
 */
function placeIn(columns: readonly Extent[], one: Extent, overlap: number): number {
  const at = firstIndex(columns.length, (index) => columns[index]!.right > one.left + overlap);
  return (columns[at]?.left ?? Infinity) < one.right - overlap ? -1 : at;
}

/** Upright lines that are less than this many points apart are one line, such as the edges of a thick one. */
const SAME_LINE = 4;
/** In points. Not every one of hundreds of lines side by side is examined. */
const MIN_STEP = 0.5;

/**
 * Returns the x positions of the upright lines that are drawn inside of the table, beside more than half of its lines
 * of text.
 */
function uprightBetween(lines: ReadonlyArray<readonly Fragment[]>, rules: Rules, { left, right }: Extent): number[] {
  const baselines = lines.map((line) => line[0]?.line.baseline ?? 0).sort((one, other) => one - other);
  if (lines.every((line) => line.every((one) => one.line.baseline === baselines[0]))) return [];
  const inside = rules.upright.filter(({ x }) => x > left && x < right).sort((one, other) => one.x - other.x);
  const found: number[] = [];
  let [from, to, examined] = [0, 0, -Infinity];
  for (const { x } of inside) {
    if (x - (found.at(-1) ?? -Infinity) < SAME_LINE || x - examined < MIN_STEP) continue;
    examined = x;
    while (x - inside[from]!.x >= SAME_LINE) from++;
    while (to < inside.length && inside[to]!.x - x < SAME_LINE) to++;
    if (countBeside(baselines, inside.slice(from, to)) * 2 > lines.length) found.push(x);
  }
  return found;
}

/** How many baselines, which are sorted, have at least one of the upright lines beside them. */
function countBeside(baselines: readonly number[], upright: Rules["upright"]): number {
  let [count, done] = [0, 0];
  for (const { bottom, top } of upright.toSorted((one, other) => one.bottom - other.bottom)) {
    const from = firstIndex(baselines.length, (index) => baselines[index]! >= bottom - 1);
    const to = firstIndex(baselines.length, (index) => baselines[index]! > top);
    count += Math.max(0, to - Math.max(from, done));
    done = Math.max(done, to);
  }
  return count;
}

export function overlapping(columns: readonly Extent[], one: Extent): Extent[] {
  return columns.filter((column) => Math.min(column.right, one.right) - Math.max(column.left, one.left) > OVERLAP);
}
