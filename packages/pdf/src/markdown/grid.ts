import { EXACT, pageText, type Line } from "../text/layout.ts";
import type { Extent, Rules } from "../text/styled.ts";
import { rowsOf } from "./cells.ts";
import { columnsOf, fragmentsOf, fullTest, overlapping, type Fragment, type PlacedLine } from "./columns.ts";
import { rowTest } from "./table-rows.ts";

/**
 * Columns with at least this many words in each piece of text, on average, are prose and not a table, if more than the
 * part PROSE_FULL of the pieces of text reaches the right edge of its column.
 */
const PROSE_WORDS = 4.5;
const PROSE_FULL = 0.6;
/** The free space between a column's drawn line and its text is at most this many ems. */
const MAX_PADDING_EM = 1;
/** A range of pieces of text that would have more columns than this is a drawing, such as a map or a chart. */
const MAX_COLUMNS = 200;
/** In a column narrower than this many ems, no line of a cell counts as full. */
const MIN_COLUMN_EM = 9;

/**
 * Arranges a range of pieces of text as a table. Returns the texts of the cells, row by row; all rows have the same
 * length. Returns undefined if the range is not a table.
 */
export function gridOf(cells: readonly Line[], rules: Rules): string[][] | undefined {
  const lines = rowsOf(cells).map(fragmentsOf);
  const columns = columnsOf(lines, rules);
  if (columns.length < 2 || columns.length > MAX_COLUMNS || lines.filter((line) => line.length > 1).length < 2)
    return undefined;
  if (isProse(cells, columns)) return undefined;
  const isFull = fullTest(lines);
  const placed = lines.map((line) => placedIn(line, columns, isFull(line)));
  const isNewRow = rowTest(placed, rules);
  const rows: Line[][][] = [];
  placed.forEach((line, index) => {
    const row = rows.at(-1);
    if (!row || isNewRow(index)) rows.push(line.map((pieces) => [...pieces]));
    else line.forEach((pieces, column) => row[column]?.push(...pieces));
  });
  if (rows.length < 2) return undefined;
  const used = columns.map((_, column) => rows.some((row) => (row[column] ?? []).length > 0));
  const ends = columns.map((_, column) => {
    const pieces = rows.flatMap((row) => row[column] ?? []);
    return pieces.length > 0 ? cellEndOf(pieces, rules) : undefined;
  });
  return rows.map((row) =>
    row.map((pieces, column) => cellText(pieces, ends[column])).filter((_, column) => used[column]),
  );
}

/**
 * Where a full line of a column ends. If upright lines are drawn at both sides of the column, this is the line at its
 * right, less the free space that is also at its left. Otherwise it is the end of the widest piece of text. Undefined if
 * the column is narrow: then its lines may be the items of a list, which are about as wide as the longest of them.
 */
function cellEndOf(pieces: readonly Line[], { upright }: Rules): number | undefined {
  const size = Math.max(...pieces.map((piece) => piece.size));
  const [left, right] = [
    Math.min(...pieces.map((piece) => piece.left)),
    Math.max(...pieces.map((piece) => piece.right)),
  ];
  const baselines = pieces.map(({ baseline }) => baseline);
  const [top, bottom] = [Math.max(...baselines), Math.min(...baselines)];
  const beside = upright.filter((rule) => rule.bottom <= top && rule.top >= bottom);
  const before = Math.max(...beside.filter(({ x }) => x < left + 1).map(({ x }) => x));
  const after = Math.min(...beside.filter(({ x }) => x > right - 1).map(({ x }) => x));
  const isDrawn = Number.isFinite(before) && Number.isFinite(after);
  const end = isDrawn ? after - Math.min(left - before, MAX_PADDING_EM * size) : right;
  return end - left < MIN_COLUMN_EM * size ? undefined : end;
}

function cellText(pieces: readonly Line[], cellEnd: number | undefined): string {
  return pageText(pieces, { slack: EXACT.slack, cellEnd }).replaceAll(/\s+/g, " ");
}

/**
 * Puts a line's fragments into columns. In a full line (see `isFull`), a fragment that overlaps several columns is
 * split: each of its words goes into the column where it is. In any other line, and if it is centred over its columns,
 * such a fragment goes into the first of these columns.
 */
function placedIn(line: readonly Fragment[], columns: readonly Extent[], isFullLine: boolean): PlacedLine {
  const placed: Line[][] = columns.map(() => []);
  const free = columns.filter((column) => overlapping(line, column).length === 0);
  for (const fragment of line) {
    const own = overlapping(columns, fragment);
    if (own.length < 2 || !isFullLine || isCentred(fragment, own)) {
      const column = columns.indexOf(
        own[own.length > 1 ? 0 : nearest(own, fragment)] ??
          free[nearest(free, fragment)] ??
          columns[nearest(columns, fragment)]!,
      );
      placed[column]?.push({
        ...fragment.line,
        text: fragment.words.map(({ text }) => text).join(" "),
        ...extentOf(fragment),
      });
      continue;
    }
    for (const word of fragment.words) placed[nearest(columns, word)]?.push({ ...fragment.line, ...word });
  }
  return placed.map(joinPieces);
}

const extentOf = ({ left, right }: Extent): Extent => ({ left, right });

/** Whether a text is centred over the columns that it overlaps, as the head of all of them is. */
function isCentred({ left, right, line }: Fragment, columns: readonly Extent[]): boolean {
  const [first, last] = [columns[0]!, columns.at(-1)!];
  return Math.abs(left + right - first.left - last.right) / 2 < line.size && left > first.left && right < last.right;
}

/** The index of the column that is nearest to the centre of an extent. */
function nearest(columns: readonly Extent[], one: Extent): number {
  const centre = (one.left + one.right) / 2;
  const distances = columns.map(({ left, right }) => Math.max(left - centre, centre - right, 0));
  return distances.indexOf(Math.min(...distances));
}

function joinPieces(pieces: readonly Line[]): Line[] {
  const [first, ...more] = pieces;
  if (!first) return [];
  const text = pieces.map((piece) => piece.text.trim()).join(" ");
  return [{ ...first, text, right: more.at(-1)?.right ?? first.right }];
}

function isProse(cells: readonly Line[], columns: readonly Extent[]): boolean {
  const words = cells.reduce((sum, { text }) => sum + text.trim().split(/\s+/).length, 0);
  if (words / cells.length < PROSE_WORDS) return false;
  const ends = columns.map((column) => {
    const inside = cells.filter((cell) => overlapping([column], cell).length > 0);
    return { left: Math.min(...inside.map(({ left }) => left)), right: Math.max(...inside.map(({ right }) => right)) };
  });
  const full = cells.filter((cell) => {
    const [column] = overlapping(ends, cell);
    return column !== undefined && cell.right > column.right - 0.12 * (column.right - column.left);
  });
  return full.length > PROSE_FULL * cells.length;
}
