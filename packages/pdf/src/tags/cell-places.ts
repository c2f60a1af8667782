import type { Line } from "../text/layout.ts";
import type { TableCell } from "./table-grid.ts";

/** A cell of a table, and the place of its text on the page. */
export interface PlacedCell extends TableCell {
  readonly left: number;
  readonly right: number;
  /** The highest baseline of its text. */
  readonly top: number;
  readonly size: number;
}

/** At most this part of the cells may be in other places than their rows and columns demand. */
const MAX_MISPLACED = 0.05;

/** Where the text of a cell is drawn. Lines that are mirrored have the place that they had before. */
export function placed(cell: TableCell, pieces: readonly Line[]): PlacedCell {
  const edges = pieces.flatMap(({ left, right, mirrored }) => (mirrored === true ? [-left, -right] : [left, right]));
  return {
    ...cell,
    left: Math.min(...edges),
    right: Math.max(...edges),
    top: Math.max(...pieces.map(({ baseline }) => baseline)),
    size: Math.max(...pieces.map(({ size }) => size)),
  };
}

const mirrored = <T extends Column>(one: T): T => ({ ...one, left: -one.right, right: -one.left });

/**
 * Returns the cells with the columns in which they are drawn: many programs do not tag that a cell has several rows or
 * columns, or leave out empty cells, so that the cells after it have too small a column. Returns undefined if the places
 * of the cells contradict their order: a row begins above an earlier one, or the cells of a row overlap. `isRtl`: whether
 * the table is on a page that is read from right to left.
 */
export function inColumns(cells: readonly PlacedCell[], isRtl: boolean): PlacedCell[] | undefined {
  const rows = [...Map.groupBy(cells, ({ row }) => row).values()];
  const raised = countPairs(rows, (one, other) => topOf(other) > topOf(one) - 0.3 * sizeOf(other));
  const most = MAX_MISPLACED * cells.length;
  if (raised > most || rows.every(({ length }) => length < 2)) return undefined;
  // In a table that is read from right to left, the first column is the rightmost. Other tables have tags in the order
  // in which their columns were drawn.
  const backwards = rows.map((row) => row.map(mirrored));
  for (const ordered of [rows, backwards, inDrawnOrder(isRtl ? backwards : rows)]) {
    const isOrdered = ordered.map(
      (row) => countPairs(row, (one, other) => other.left < one.right - one.size / 2) === 0,
    );
    if (isOrdered.filter((is) => !is).length > most) continue;
    const columns = columnsOf(ordered);
    return ordered.flatMap((row, at) => (isOrdered[at] === true ? aligned(row, columns, at === 0) : row));
  }
  return undefined;
}

const topOf = (row: readonly PlacedCell[]): number => Math.max(...row.map(({ top }) => top));
const sizeOf = (row: readonly PlacedCell[]): number => Math.max(...row.map(({ size }) => size));

/** Counts the neighbours of which something is true. */
function countPairs<T>(all: readonly T[], is: (one: T, other: T) => boolean): number {
  return all.filter((other, at) => at > 0 && is(all[at - 1] as T, other)).length;
}

/** Numbers the columns of a table in the order of their places. */
function inDrawnOrder(rows: ReadonlyArray<readonly PlacedCell[]>): PlacedCell[][] {
  const order = [...columnsOf(rows)].toSorted(([, one], [, other]) => one.left - other.left).map(([column]) => column);
  return rows.map((row) =>
    row
      .map((cell) => ({ ...cell, column: order.includes(cell.column) ? order.indexOf(cell.column) : cell.column }))
      .toSorted((one, other) => one.column - other.column),
  );
}

interface Column {
  readonly left: number;
  readonly right: number;
}

/**
 * Where the columns of a table are: from the leftmost to the rightmost edge of their cells in the rows with most cells,
 * and of other cells that overlap these columns, each only its own.
 */
function columnsOf(rows: ReadonlyArray<readonly PlacedCell[]>): Map<number, Column> {
  const most = Math.max(...rows.map(({ length }) => length));
  const columns = new Map<number, Column>();
  const add = ({ column, left, right }: PlacedCell): void => {
    const known = columns.get(column) ?? { left, right };
    columns.set(column, { left: Math.min(known.left, left), right: Math.max(known.right, right) });
  };
  for (const row of rows) if (row.length === most) for (const cell of row) add(cell);
  const full = [...columns];
  for (const cell of rows.flat()) {
    const touched = full.filter(([, place]) => overlap(place, cell) > 0);
    if (touched.length === 1 && touched[0]?.[0] === cell.column) add(cell);
  }
  return columns;
}

/**
 * Moves the cells of a row to the columns where they are drawn, if one of them is beside its own column, and the columns
 * remain in order. A single cell at the top is the title of the table, and stays in the first column.
 */
function aligned(
  row: readonly PlacedCell[],
  columns: ReadonlyMap<number, Column>,
  isFirst: boolean,
): readonly PlacedCell[] {
  if (isFirst && row.length === 1) return row;
  const isBeside = (cell: PlacedCell): boolean => {
    const own = columns.get(cell.column);
    return own !== undefined && overlap(own, cell) <= 0;
  };
  if (!row.some(isBeside)) return row;
  let last = -1;
  const moved: PlacedCell[] = [];
  for (const cell of row) {
    const [found] = [...columns]
      .filter(([column, place]) => column > last && overlap(place, cell) > 0)
      .toSorted(([, one], [, other]) => overlap(other, cell) - overlap(one, cell));
    if (found === undefined) return row;
    last = found[0];
    moved.push({ ...cell, column: last });
  }
  return moved;
}

function overlap(one: Column, other: Column): number {
  return Math.min(one.right, other.right) - Math.max(one.left, other.left);
}
