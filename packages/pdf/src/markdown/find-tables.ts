import type { Line } from "../text/layout.ts";
import { PHRASED } from "../text/clusters.ts";
import { NO_RULES, type Extent, type Rules } from "../text/styled.ts";
import { areAligned } from "./aligned.ts";
import { isOneRow, SAME_ROW_EM } from "./cells.ts";
import { fragmentsOf, type Fragment } from "./columns.ts";
import type { DrawnGrid } from "./drawn-grid.ts";
import { drawnTables } from "./drawn-tables.ts";
import { drawnBetween, nearestDrawn } from "./drawn-between.ts";
import { gridOf } from "./grid.ts";
import { MIN_LARGER } from "./headings.ts";

/** A table on a page, and the texts of its cells, row by row. */
export interface Table {
  /** The table consists of the page's pieces of text from index `from` to index `to`, which is not included. */
  readonly from: number;
  readonly to: number;
  readonly rows: readonly (readonly string[])[];
}

/**
 * The next cell of a row is searched for among this many pieces of text. The cells of a row are drawn one after
 * another, at most with further lines of a cell between them. In columns of prose, which are drawn one column after
 * another, neighbours are farther apart.
 */
const MAX_APART = 12;
/**
 * Between two rows of a table there are at most this many other pieces of text. The distance above the second row is at
 * most MAX_ROW_GAP_EM ems, unless drawn lines are above and below this row.
 */
const MAX_BETWEEN = 6;
const MAX_ROW_GAP_EM = 4;
/** The same distance if the texts of both rows begin, end or are centred at the same places. */
const MAX_ALIGNED_GAP_EM = 8;
/** A heading within a table is at most this many ems from the rows above and below it. */
const MAX_HEADING_GAP_EM = 2.5;
/** A line that is at most this many ems below a row may continue a cell of the row. */
const MAX_LINE_GAP_EM = 1.5;
/**
 * The same for a line in a script without blanks between words, above the drawn line that ends the row: these scripts
 * have signs above and below their letters, so their lines are farther apart.
 */
const MAX_BOXED_GAP_EM = 2.1;
/** A drawn line ends the row above it if it is at most this many ems below the row's last line. */
const MAX_BELOW_EM = 1.6;

/** To find the last row of a table, at most this many of its last pieces of text are examined. */
const MAX_ROW_PIECES = 100;

/** Finds the tables of a page, from top to bottom. The horizontal lines of `rules` are sorted, see `withSortedRules`. */
export function findTables(
  cells: readonly Line[],
  { rules, grids, isCode }: { rules: Rules; grids: readonly DrawnGrid[]; isCode(cell: Line): boolean },
): Table[] {
  const tables: Table[] = [];
  let at = 0;
  for (const table of drawnTables(cells, grids)) {
    tables.push(...undrawnTables(cells, [at, table.from], { rules, isCode }), table);
    at = table.to;
  }
  return [...tables, ...undrawnTables(cells, [at, cells.length], { rules, isCode })];
}

/** Finds the tables without drawn cells in a range of pieces of text. */
function undrawnTables(
  all: readonly Line[],
  [begin, last]: readonly [number, number],
  { rules, isCode }: { rules: Rules; isCode(cell: Line): boolean },
): Table[] {
  const cells = all.slice(begin, last);
  let after = 0;
  return spansOf(cells, rules).flatMap(([first, to]) => {
    // The last lines of a table may be the first row of the next range.
    const from = Math.max(first, after);
    if (from >= to || cells.slice(from, to).some(isCode)) return [];
    const end = withLastLines(cells, [from, to], rules);
    const rows = gridOf(cells.slice(from, end), rules);
    if (rows) after = end;
    return rows ? [{ from: begin + from, to: begin + end, rows }] : [];
  });
}

/**
 * Finds ranges of pieces of text that may be tables. Each range begins and ends with a row: pieces of text that are
 * side by side, or one piece with gaps where the row beside it has them.
 */
export function spansOf(cells: readonly Line[], rules: Rules = NO_RULES): Array<readonly [from: number, to: number]> {
  const spans: Span[] = [];
  for (let index = 0; index < cells.length; index++) {
    const last = cells.slice(index + 1, index + 1 + MAX_APART).findLastIndex((other) => isOneRow(cells[index]!, other));
    const row = last < 0 ? ([index, index + 1] as const) : ([index, index + last + 2] as const);
    let span = spans.at(-1);
    const isIn = span !== undefined && index < span.to;
    if (last < 0 && (isIn || !span || !isLikeLast(cells, span, index) || !goesOn(cells, span, row, rules))) continue;
    if (!span || (!isIn && !goesOn(cells, span, row, rules))) {
      span = { from: withFirstRows(cells, row, span?.to ?? 0), to: index, top: -Infinity, bottom: Infinity };
      spans.push(span);
    }
    for (; span.to < row[1]; span.to++) {
      const { baseline } = cells[span.to]!;
      span.top = Math.max(span.top, baseline);
      span.bottom = Math.min(span.bottom, baseline);
    }
  }
  return spans.map(({ from, to }) => [from, to]);
}

/** Rows are looked for in at most this many holes of tables. */
const MAX_HOLES = 20;

/**
 * Moves rows of numbers into the hole of a table that they fill, if they are drawn later and aligned with the rows around
 * it: some programs draw the last rows of a table first. The line before such rows may be their heading.
 */
export function withHolesFilled(lines: readonly Line[], rules: Rules): readonly Line[] {
  const spans = spansOf(lines, rules);
  const holes = spans.flatMap(([from, to]) => {
    const parts = partsOf(lines, from, to);
    return parts.slice(1).map((below, index) => ({ above: parts[index]!, below }));
  });
  const movedTo = new Map<number, Line[]>();
  const moved = new Set<number>();
  for (const { above, below } of holes.slice(0, MAX_HOLES))
    for (const [first, to] of spans) {
      if (first < below.to || moved.has(first)) continue;
      const row = fragmentsOf(lastRow(lines, first, to));
      const isIn = (line: Line): boolean => line.baseline < above.bottom && line.baseline > below.top;
      if (!hasNumbers(row) || !lines.slice(first, to).every(isIn)) continue;
      if (!areAligned(fragmentsOf(lastRow(lines, below.from, below.to)), row)) continue;
      const isHeading = (at: number): boolean =>
        at >= 0 && isIn(lines[at]!) && !spans.some((span) => span[0] <= at && span[1] > at) && !moved.has(at);
      const from = isHeading(first - 1) ? first - 1 : first;
      for (let index = from; index < to; index++) moved.add(index);
      movedTo.set(below.from, [...(movedTo.get(below.from) ?? []), ...lines.slice(from, to)]);
    }
  if (moved.size === 0) return lines;
  return lines.flatMap((line, index) => [...(movedTo.get(index) ?? []), ...(moved.has(index) ? [] : [line])]);
}

/** Splits a range where pieces of text are far below those before them. */
function partsOf(lines: readonly Line[], from: number, to: number): Span[] {
  const parts: Span[] = [];
  for (let index = from; index < to; index++) {
    const { baseline, size } = lines[index]!;
    const part = parts.at(-1);
    if (!part || part.bottom - baseline > MAX_ALIGNED_GAP_EM * size)
      parts.push({ from: index, to: index + 1, top: baseline, bottom: baseline });
    else {
      part.to = index + 1;
      [part.bottom, part.top] = [Math.min(part.bottom, baseline), Math.max(part.top, baseline)];
    }
  }
  return parts;
}

/** A range of pieces of text that may be a table, and the baselines of its highest and of its lowest piece. */
interface Span {
  from: number;
  to: number;
  top: number;
  bottom: number;
}

/** Whether the single piece at `index` is a row in which all gaps are narrow: it is aligned with the row before it. */
function isLikeLast(cells: readonly Line[], { from, to }: Span, index: number): boolean {
  const fragments = fragmentsOf([cells[index]!]);
  if (index - to > MAX_BETWEEN || !hasNumbers(fragments)) return false;
  const row = fragmentsOf(lastRow(cells, from, to));
  return fragments.length <= row.length && areAligned(row, fragments);
}

/** Whether most texts of a row, apart from the first, are numbers. Stretched prose has wide gaps between words, too. */
function hasNumbers(row: readonly Fragment[]): boolean {
  const numbers = row.slice(1).filter(({ words }) => words.every(({ text }) => /\d/.test(text)));
  return row.length > 1 && numbers.length * 2 >= row.length - 1;
}

/** The index of the first row of a range, if the pieces before it are rows in which all gaps are narrow. */
function withFirstRows(cells: readonly Line[], [from, to]: readonly [number, number], least: number): number {
  let first = from;
  let row = fragmentsOf(cells.slice(from, to).filter((cell) => cell === cells[from] || isOneRow(cell, cells[from]!)));
  while (first > least) {
    const [above, below] = [cells[first - 1]!, cells[first]!];
    const fragments = fragmentsOf([above]);
    const gap = (above.baseline - below.baseline) / below.size;
    if (!hasNumbers(fragments) || !(gap > SAME_ROW_EM && gap <= MAX_ROW_GAP_EM) || !areAligned(fragments, row)) break;
    row = fragments;
    first--;
  }
  return first;
}

/**
 * Whether the row from `index` to `end` belongs to the table before it: all pieces of text between them are further
 * lines of the table's cells, or in a box of drawn lines, or a heading within the table.
 */
function goesOn(
  cells: readonly Line[],
  { from, to, top, bottom }: Span,
  [index, end]: readonly [number, number],
  rules: Rules,
): boolean {
  if (index - to > MAX_BETWEEN) return false;
  const between = cells.slice(to, index);
  const next = cells[index]!;
  if (next.baseline > bottom) return false;
  const row = lastRow(cells, from, to);
  const pieces = cells.slice(index, end);
  if (!row.some(({ size }) => pieces.some((piece) => isOfSize(size, piece)))) return false;
  const nextRow = pieces.filter((piece) => piece === next || isOneRow(piece, next));
  const isAligned = areAligned(fragmentsOf(row), fragmentsOf(nextRow));
  const low = Math.min(bottom, ...between.map(({ baseline }) => baseline));
  const away = low - Math.max(...pieces.map(({ baseline }) => baseline));
  const isNear = away <= (isAligned ? MAX_ALIGNED_GAP_EM : MAX_ROW_GAP_EM) * next.size;
  if (!isNear && !isRuled(next, rules, away)) return false;
  if (isAligned && between.length === 1 && isSubheading(between[0]!, bottom, row, nextRow)) return true;
  return between.every(
    (line) => (isInCell(line, row) && line.baseline < top + line.size) || isRuled(line, rules, 2.5 * line.size),
  );
}

/**
 * Whether a line between two rows of a table is a heading of the rows below it: it is short, and in the middle. It is none
 * if it is in a larger type, or tagged: then it is a heading, or an item of a list, of the page.
 */
function isSubheading(line: Line, bottom: number, row: readonly Line[], nextRow: readonly Line[]): boolean {
  if (line.role !== undefined || isLarger(line, row)) return false;
  const [left, right] = [leftOf([...row, ...nextRow]), rightOf([...row, ...nextRow])];
  const [above, below] = [bottom - line.baseline, line.baseline - nextRow[0]!.baseline].map((gap) => gap / line.size);
  if (line.left < left - line.size || line.right > right + line.size) return false;
  return above! > SAME_ROW_EM && above! < MAX_HEADING_GAP_EM && below! > SAME_ROW_EM && below! < MAX_HEADING_GAP_EM;
}

const isOfSize = (size: number, line: Line): boolean => Math.abs(size - line.size) < 0.15 * line.size;

/** Whether a line is in a type that is as much larger than that of a row as a heading's is. */
const isLarger = (line: Line, row: readonly Line[]): boolean => row.every(({ size }) => size * MIN_LARGER <= line.size);

/** Whether a drawn line is below the piece of text, and another at most `above` points above it. */
function isRuled({ left, right, baseline, size }: Line, { across }: Rules, above: number): boolean {
  const isOver = (rule: Extent): boolean => rule.left <= left + size && rule.right >= right - size;
  return (
    drawnBetween(across, baseline, baseline + above).some(isOver) &&
    drawnBetween(across, baseline - MAX_BELOW_EM * size, baseline).some((rule) => rule.y < baseline && isOver(rule))
  );
}

/**
 * The pieces of text of the last row of a table: those that are lowest, among those that have another one beside them.
 * They are the last ones that are drawn, too.
 */
function lastRow(cells: readonly Line[], from: number, to: number): Line[] {
  const last = cells.slice(Math.max(from, to - MAX_ROW_PIECES), to);
  const byHeight = last.toSorted((one, other) => one.baseline - other.baseline);
  const isBeside = (cell: Line, index: number, step: -1 | 1): boolean => {
    for (let at = index + step; at >= 0 && at < byHeight.length; at += step) {
      const other = byHeight[at]!;
      if (isOneRow(cell, other)) return true;
      if (Math.abs(other.baseline - cell.baseline) > cell.size) return false;
    }
    return false;
  };
  const paired = byHeight.filter((cell, index) => isBeside(cell, index, 1) || isBeside(cell, index, -1));
  const bottom = paired[0]?.baseline ?? Infinity;
  return paired.filter(({ baseline, size }) => baseline < bottom + 0.4 * size);
}

/**
 * Whether a line may continue a cell of the row: it lies below no more than one of the cells, and has the font size of
 * one of them. It does not if it is tagged as a heading or an item of a list that has no text in the row.
 */
function isInCell(line: Line, row: readonly Line[]): boolean {
  if (line.role && !row.some(({ role }) => role?.element === line.role?.element)) return false;
  const touched = row.filter(({ left, right }) => Math.min(right, line.right) - Math.max(left, line.left) > 0.5);
  return touched.length < 2 && row.some(({ size }) => isOfSize(size, line)) && !isLarger(line, row);
}

/**
 * Returns the index at which the table ends, with those lines after its last row that continue cells of this row. Lines
 * below the first cell are not included, because they may be text after the table.
 */
function withLastLines(cells: readonly Line[], [from, to]: readonly [number, number], rules: Rules): number {
  const row = lastRow(cells, from, to);
  const second = Math.min(
    ...row
      .toSorted((one, other) => one.left - other.left)
      .slice(1)
      .map(({ left }) => left),
  );
  let bottom = Math.min(...row.map(({ baseline }) => baseline));
  const floor = ruleBelow(row, bottom, rules);
  let end = to;
  // Where the table ends if the drawn line turns out to be too far below its last line; undefined if it needs no such
  // line.
  let openEnd: number | undefined;
  while (end < cells.length) {
    const cell = cells[end] as Line;
    const gap = bottom - cell.baseline;
    const most = cell.baseline > floor && PHRASED.test(cell.text) ? MAX_BOXED_GAP_EM : MAX_LINE_GAP_EM;
    if (gap < -MAX_LINE_GAP_EM * cell.size || gap > most * cell.size) break;
    if (!isInCell(cell, row) || cell.left < second - cell.size) break;
    if (gap > MAX_LINE_GAP_EM * cell.size) openEnd ??= end;
    bottom = Math.min(bottom, cell.baseline);
    end++;
  }
  const isBoxed = bottom - floor < MAX_BELOW_EM * Math.max(...row.map(({ size }) => size));
  return isBoxed ? end : (openEnd ?? end);
}

/**
 * The height of the drawn line that ends a row: the first one below the row. Infinity if there is none, if it is shorter
 * than the row, or if the drawn line above the row does not begin and end at the same places.
 */
function ruleBelow(row: readonly Line[], bottom: number, { across }: Rules): number {
  const inner = row.map(({ left, right, size }) => ({ left: left + size, right: right - size }));
  const { below, above } = nearestDrawn(across, bottom);
  const isCovered = inner.every((cell) => below.some(({ left, right }) => left <= cell.left && right >= cell.right));
  const isLikeAbove = Math.abs(leftOf(below) - leftOf(above)) < 2 && Math.abs(rightOf(below) - rightOf(above)) < 2;
  return isCovered && isLikeAbove ? (below.at(-1)?.y ?? Infinity) : Infinity;
}

const leftOf = (parts: readonly Extent[]): number => Math.min(...parts.map(({ left }) => left));
const rightOf = (parts: readonly Extent[]): number => Math.max(...parts.map(({ right }) => right));
