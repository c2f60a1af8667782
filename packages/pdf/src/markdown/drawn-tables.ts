import type { Line } from "../text/layout.ts";
import { rowsOf } from "./cells.ts";
import { MAX_GRIDS, middleOf, type DrawnGrid } from "./drawn-grid.ts";
import { firstIndex } from "./first-index.ts";
import { isSplit, rowsOfGrid } from "./drawn-rows.ts";

/**
 * A box that is as wide as its grid may be the title of a table. It is between the tables of a frame if it has more lines
 * than this, or text that is this many times as large as that of the tables.
 */
const MAX_TITLE_LINES = 2;
const LARGER = 1.15;
/** The space between two frames, one in the other, is less than this wide, in points. */
const MAX_MARGIN = 10;

/** A drawn table: the pieces of text from index `from` to index `to`, which is not included. */
interface DrawnTable {
  readonly from: number;
  readonly to: number;
  readonly rows: readonly (readonly string[])[];
}

/** If the text in a grid is interrupted by other text more often than this, the grid is no table. */
const MAX_INTERRUPTED = 10;

/** Finds the tables in the grids: those whose pieces of text follow one another. */
export function drawnTables(pieces: readonly Line[], grids: readonly DrawnGrid[]): DrawnTable[] {
  const gridOf = gridTest(pieces, grids);
  const tables: DrawnTable[] = [];
  const runs = new Map<DrawnGrid, number>();
  let from = 0;
  while (from < pieces.length) {
    const grid = gridOf[from];
    let to = from + 1;
    while (to < pieces.length && gridOf[to] === grid) to++;
    if (grid) runs.set(grid, (runs.get(grid) ?? 0) + 1);
    const isOften = (runs.get(grid as DrawnGrid) ?? 0) > MAX_INTERRUPTED;
    const rows = grid && !isOften ? rowsOfGrid(pieces.slice(from, to), grid) : undefined;
    if (rows) tables.push({ from, to, rows });
    from = to;
  }
  return tables;
}

/** Moves the lines of each drawn table together, to the place of its first line. The text may be drawn in any order. */
export function withTablesTogether(lines: readonly Line[], grids: readonly DrawnGrid[]): readonly Line[] {
  if (grids.length === 0) return lines;
  const gridOf = gridTest(lines, grids);
  const inside = new Map<DrawnGrid, Line[]>();
  lines.forEach((line, index) => {
    const grid = gridOf[index];
    if (!grid) return;
    const own = inside.get(grid);
    if (own) own.push(line);
    else inside.set(grid, [line]);
  });
  for (const [grid, own] of inside) if (!rowsOfGrid(own, grid)) inside.delete(grid);
  return lines.flatMap((line, index) => {
    const own = inside.get(gridOf[index] as DrawnGrid);
    if (own === undefined) return [line];
    return own[0] === line ? own : [];
  });
}

/** For each line: the smallest grid that it is in. Grids that frame several tables are divided. */
function gridTest(lines: readonly Line[], grids: readonly DrawnGrid[]): Array<DrawnGrid | undefined> {
  const framed = smallestAround(lines, grids);
  const linesOf = Map.groupBy(lines.keys(), (index) => framed[index]);
  const parts = grids.flatMap((grid) =>
    partsOf(
      grid,
      [...(linesOf.get(grid) ?? [])].map((index) => lines[index]!),
    ),
  );
  const isSame = parts.length === grids.length && parts.every((part, at) => part === grids[at]);
  return isSame || parts.length > MAX_GRIDS ? framed : smallestAround(lines, parts);
}

function smallestAround(lines: readonly Line[], grids: readonly DrawnGrid[]): Array<DrawnGrid | undefined> {
  const area = (grid: DrawnGrid): number => (grid.right - grid.left) * (grid.top - grid.bottom);
  const bySize = grids.toSorted((one, other) => area(one) - area(other));
  return lines.map((line) => {
    const [x, y] = [(line.left + line.right) / 2, middleOf(line)];
    return bySize.find((grid) => x > grid.left && x < grid.right && y > grid.bottom && y < grid.top);
  });
}

/** Divides a grid at the boxes that are as wide as itself, and are between tables. Returns the grids of the tables. */
function partsOf(grid: DrawnGrid, lines: readonly Line[]): DrawnGrid[] {
  const sorted = lines.toSorted((one, other) => middleOf(other) - middleOf(one));
  const firstBelow = (row: number): number =>
    firstIndex(sorted.length, (index) => -middleOf(sorted[index]!) > grid.depths[row]!);
  const wide = wideBoxes(grid, lines).map(([from, to]) => ({
    from,
    to,
    lines: sorted.slice(firstBelow(from), firstBelow(to)),
  }));
  const inWide = new Set(wide.flatMap((box) => box.lines));
  const largest = sorted.reduce((most, line) => (inWide.has(line) ? most : Math.max(most, line.size)), 0);
  const between = wide.filter(({ lines: inside }) => {
    const rows = rowsOf(inside);
    const isText = rows.length > MAX_TITLE_LINES && !rows.some(isSplit);
    return isText || inside.some(({ size }) => size > LARGER * largest);
  });
  if (between.length === 0) return [grid];
  const begins = [0, ...between.map(({ to }) => to)];
  const ends = [...between.map(({ from }) => from), grid.depths.length - 1];
  return begins.flatMap((begin, at) => (begin < ends[at]! ? [rowsFrom(grid, begin, ends[at]!)] : []));
}

/**
 * The boxes that are as wide as their grid, apart from margins without text: from which row to which, the latter not
 * included.
 */
function wideBoxes(
  { xs, depths, cellAt }: DrawnGrid,
  lines: readonly Line[],
): Array<readonly [from: number, to: number]> {
  const columns = xs.length - 1;
  const [outer, last] = [xs[0]!, xs[columns]!];
  let [least, most] = [last, outer];
  for (const { left, right } of lines)
    [least, most] = [Math.min(least, (left + right) / 2), Math.max(most, (left + right) / 2)];
  const begin = xs.findLastIndex((x) => x === outer || (x < outer + MAX_MARGIN && x < least));
  const end = xs.findIndex((x) => x === last || (x > last - MAX_MARGIN && x > most));
  const found: Array<readonly [number, number]> = [];
  let above: number | undefined;
  for (let row = 0; row + 1 < depths.length; row++) {
    const [first, ...more] = cellAt.slice(row * columns + begin, row * columns + end);
    const cell = more.every((each) => each === first) ? first : undefined;
    if (cell !== undefined && cell === above) found[found.length - 1] = [found.at(-1)![0], row + 1];
    else if (cell !== undefined) found.push([row, row + 1]);
    above = cell;
  }
  return found;
}

/** The part of a grid from one row to another one, which is not included. */
function rowsFrom(grid: DrawnGrid, from: number, to: number): DrawnGrid {
  const columns = grid.xs.length - 1;
  const first = new Map<number, number>();
  const cellAt = grid.cellAt.slice(from * columns, to * columns).map((cell, box) => {
    if (!first.has(cell)) first.set(cell, box);
    return first.get(cell)!;
  });
  const depths = grid.depths.slice(from, to + 1);
  return { ...grid, depths, cellAt, top: -depths[0]!, bottom: -depths.at(-1)! };
}
