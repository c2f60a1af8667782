import { EXACT, pageText, type Line } from "../text/layout.ts";
import type { Extent } from "../text/styled.ts";
import { rowsOf, wordsOf } from "./cells.ts";
import { fragmentsOf } from "./columns.ts";
import { middleOf, type DrawnGrid } from "./drawn-grid.ts";
import { firstAtLeast } from "./first-index.ts";

/** At least this part of a grid's cells has text; otherwise the grid is a chart, or a form to be filled in. */
const MIN_FILLED = 0.25;
/** At most this part of the lines in cells has text side by side; otherwise the grid frames other tables or columns. */
const MAX_SPLIT = 0.2;
/** A cell with more lines than this, which are more than this part of all lines, holds the text of the page. */
const MAX_LINES = 12;
const MAX_SHARE = 0.5;
/**
 * A piece of text is cut if a drawn edge goes through one of its words by more than CUT_EM ems, or if it is longer than
 * the grid. If more than this part of the pieces is cut, the boxes are drawn over other text.
 */
const MAX_CUT = 0.2;
const CUT_EM = 0.15;
/** The free space between a cell's drawn line and its text is at most this many ems. */
const MAX_PADDING_EM = 1;
/** In a cell narrower than this many ems, no line counts as full. */
const MIN_CELL_EM = 9;
/** A line is whole if at least this part of the columns has text in it. */
const WHOLE = 0.8;
/** A column narrower than this many ems may be the space between the edges of a cell and those of its colour. */
const NARROW_EM = 2;

/** A cell: its place in the grid, and its lines of text from top to bottom. */
interface DrawnCell extends Extent {
  readonly row: number;
  /** The row below its last one. */
  readonly rowEnd: number;
  readonly column: number;
  readonly columnEnd: number;
  readonly lines: readonly (readonly Line[])[];
}

/**
 * Puts pieces of text into the cells of a grid. Returns the texts of the cells, row by row; a cell that spans several
 * rows or columns is put into the first of them. Returns undefined if the grid is not that of a table.
 */
export function rowsOfGrid(pieces: readonly Line[], grid: DrawnGrid): string[][] | undefined {
  if (pieces.filter((piece) => isCut(piece, grid)).length > MAX_CUT * pieces.length) return undefined;
  const whole = cellsIn(pieces, grid);
  const cells = whole.flatMap((cell) => partsOfCell(cell, grid));
  if (!isTable(cells, whole)) return undefined;
  const columns = columnsOfGrid(cells, grid);
  const count = Math.max(...columns) + 1;
  const rows: string[][] = [];
  const byRow = Map.groupBy(cells, ({ row }) => row);
  for (const [, inRow] of [...byRow].toSorted(([one], [other]) => one - other))
    for (const part of partsOfRow(inRow, count)) {
      const texts = Array.from({ length: count }, () => "");
      for (const cell of part) {
        const column = columns[cell.column] as number;
        if (cell.lines.length > 0) texts[column] = `${texts[column]} ${textOf(cell)}`.trim();
      }
      if (part.some(({ lines }) => lines.length > 0)) rows.push(texts);
    }
  return rows.length > 1 && count > 1 ? rows : undefined;
}

function cellsIn(pieces: readonly Line[], grid: DrawnGrid): DrawnCell[] {
  const columns = grid.xs.length - 1;
  const inside = new Map<number, Line[]>();
  for (const piece of pieces) {
    for (const [cell, part] of splitAtEdges(piece, cellFinder(piece, grid))) {
      const known = inside.get(cell);
      if (known) known.push(part);
      else inside.set(cell, [part]);
    }
  }
  const ends = new Map(grid.cellAt.map((cell, box) => [cell, box]));
  return [...ends].map(([cell, end]) =>
    cellAt(grid, {
      row: Math.floor(cell / columns),
      rowEnd: Math.floor(end / columns) + 1,
      column: cell % columns,
      columnEnd: (end % columns) + 1,
      lines: rowsOf(inside.get(cell) ?? []),
    }),
  );
}

function cellAt({ xs }: DrawnGrid, place: Omit<DrawnCell, keyof Extent>): DrawnCell {
  return { ...place, left: xs[place.column] as number, right: xs[place.columnEnd] as number };
}

/** The index of the box between the sorted edges that a place is in, or else of the nearest box. */
function boxAt(edges: readonly number[], at: number): number {
  return Math.min(Math.max(firstAtLeast(edges, at), 1), edges.length - 1) - 1;
}

function columnAt({ left, right }: Extent, { xs }: DrawnGrid): number {
  return boxAt(xs, (left + right) / 2);
}

function rowAt(piece: Line, { depths }: DrawnGrid): number {
  return boxAt(depths, -middleOf(piece));
}

/** Returns a function that finds the cell of a part of a piece of text. */
function cellFinder(piece: Line, grid: DrawnGrid): (one: Extent) => number {
  const first = rowAt(piece, grid) * (grid.xs.length - 1);
  return (one) => grid.cellAt[first + columnAt(one, grid)] as number;
}

function isCut(piece: Line, grid: DrawnGrid): boolean {
  const { left, right, size } = piece;
  if (left < grid.left - size || right > grid.right + size) return true;
  const cellOf = cellFinder(piece, grid);
  const cellAtX = (x: number): number => cellOf({ left: x, right: x });
  if (cellAtX(left) === cellAtX(right)) return false;
  const least = CUT_EM * size;
  return wordsOf(piece).some(
    (word) => word.right - word.left > 2 * least && cellAtX(word.left + least) !== cellAtX(word.right - least),
  );
}

/** Splits a piece of text between words that are in different cells. */
function splitAtEdges(piece: Line, cellOf: (one: Extent) => number): Array<readonly [cell: number, part: Line]> {
  const first = cellOf({ left: piece.left, right: piece.left });
  if (first === cellOf({ left: piece.right, right: piece.right })) return [[first, piece]];
  const parts: Array<[number, Line]> = [];
  for (const { text, left, right } of wordsOf(piece)) {
    const cell = cellOf({ left, right });
    const last = parts.at(-1);
    // The box of a form's field is one sign, although it is written with a blank.
    const isBox = text === "]" && last?.[1].text.endsWith("[") === true;
    if (last && (last[0] === cell || isBox))
      last[1] = {
        ...last[1],
        text: `${last[1].text} ${text}`,
        left: Math.min(left, last[1].left),
        right: Math.max(right, last[1].right),
      };
    else parts.push([cell, { ...piece, text, left, right, words: undefined }]);
  }
  return parts;
}

/**
 * Splits a cell in which there is no line between columns or rows, although other rows or columns have one. Every second
 * row may be coloured, and only these have edges; or the names at the left of the rows have no lines between them.
 */
function partsOfCell(cell: DrawnCell, grid: DrawnGrid): DrawnCell[] {
  const { row, rowEnd, column, columnEnd, lines } = cell;
  if (columnEnd - column > 1 && isInColumns(lines)) {
    const parts = Map.groupBy(lines.flatMap(fragmentsOf), (one) =>
      Math.min(Math.max(columnAt(one, grid), column), columnEnd - 1),
    );
    return [...parts].map(([at, own]) => {
      const pieces = own.map(({ words, line, left, right }) => {
        return { ...line, left, right, text: words.map(({ text }) => text).join(" "), words: undefined };
      });
      return cellAt(grid, { ...cell, column: at, columnEnd: at + 1, lines: rowsOf(pieces) });
    });
  }
  const wrapped = lines.filter((_, index) => index > 0 && hadNoRoom(cell, index)).length;
  if (rowEnd - row < 3 || lines.length < 0.7 * (rowEnd - row) || wrapped * 2 > lines.length) return [cell];
  const byRow = Map.groupBy(lines, ([piece]) => (piece ? rowAt(piece, grid) : row));
  return [...byRow].map(([at, own]) => cellAt(grid, { ...cell, row: at, rowEnd: at + 1, lines: own }));
}

/** Whether most lines of a cell have text side by side, as cells are, or one line has at least three such texts. */
function isInColumns(lines: DrawnCell["lines"]): boolean {
  return lines.filter(isSplit).length * 2 > lines.length || lines.some((line) => gapsIn(line) > 1);
}

/** Whether a line has text side by side. */
export const isSplit = (line: readonly Line[]): boolean => gapsIn(line) > 0;

function gapsIn(line: readonly Line[]): number {
  return line.filter((piece, index) => piece.left - (line[index - 1]?.right ?? Infinity) > piece.size).length;
}

function isTable(cells: readonly DrawnCell[], drawn: readonly DrawnCell[]): boolean {
  const filled = cells.filter(({ lines }) => lines.length > 0);
  if (filled.length < Math.max(3, MIN_FILLED * drawn.length)) return false;
  const lines = filled.flatMap((cell) => cell.lines);
  const most = Math.max(...filled.map((cell) => cell.lines.length));
  if (most > MAX_LINES && most > MAX_SHARE * lines.length) return false;
  if (lines.filter(isSplit).length > MAX_SPLIT * lines.length) return false;
  const rows = [...Map.groupBy(filled, ({ row }) => row).values()];
  return rows.length > 1 && rows.some((row) => row.length > 1);
}

/**
 * For each column of the grid: the column of the table. A narrow column and the next one are one column of the table,
 * unless both have text in one row. A column is left out if no row has text in it and in another one: a title or a note
 * of the table may be alone in its row.
 */
function columnsOfGrid(cells: readonly DrawnCell[], grid: DrawnGrid): number[] {
  const filled = cells.filter(({ lines }) => lines.length > 0);
  const size = Math.max(...filled.map(({ lines }) => lines[0]?.[0]?.size ?? 0));
  const rowsAt = new Map<number, Set<number>>();
  for (const inRow of Map.groupBy(filled, ({ row }) => row).values()) {
    const sorted = inRow.toSorted((one, other) => one.column - other.column);
    const beside = sorted.filter(
      (cell, index) => isBeside(sorted[index - 1], cell) && isBeside(cell, sorted[index + 1]),
    );
    if (beside.length > 1)
      for (const { row, column } of beside) rowsAt.set(column, (rowsAt.get(column) ?? new Set()).add(row));
  }
  let count = -1;
  let rows = new Set<number>();
  let begin = -Infinity;
  return grid.xs.slice(1).map((_, column) => {
    const [own, left] = [rowsAt.get(column), grid.xs[column] as number];
    if (own === undefined) return Math.max(count, 0);
    const isSame = left - begin < NARROW_EM * size && ![...own].some((row) => rows.has(row));
    if (isSame) rows = new Set([...rows, ...own]);
    else [count, begin, rows] = [count + 1, left, own];
    return count;
  });
}

/** Whether one cell ends where the other begins, or before. It does not if one is a frame around the other. */
function isBeside(one: DrawnCell | undefined, other: DrawnCell | undefined): boolean {
  return one === undefined || other === undefined || one.columnEnd <= other.column;
}

/**
 * Splits a drawn row into its rows of text, if it is a group of rows: if most of its lines have text in nearly all
 * columns, and not because most of these texts had no room in the line before.
 */
function partsOfRow(cells: readonly DrawnCell[], columns: number): Array<readonly DrawnCell[]> {
  const all = rowsOf(cells.flatMap(({ lines }) => lines.flat()));
  if (all.length < 3) return [cells];
  const indexOf = new Map(all.flatMap((line, index) => line.map((piece) => [piece, index] as const)));
  const lineAt = ([piece]: readonly Line[]): number => indexOf.get(piece as Line) ?? 0;
  const filled = all.map(() => 0);
  const wrapped = all.map(() => 0);
  for (const cell of cells)
    cell.lines.forEach((line, index) => {
      const at = lineAt(line);
      filled[at] = (filled[at] ?? 0) + 1;
      if (index > 0 && hadNoRoom(cell, index)) wrapped[at] = (wrapped[at] ?? 0) + 1;
    });
  const isRow = filled.map((count, at) => count >= WHOLE * columns && (wrapped[at] ?? 0) * 2 < count);
  if (isRow.slice(1).filter(Boolean).length * 2 <= all.length - 1) return [cells];
  let row = 0;
  const rowOf = isRow.map((is, index) => (is && index > 0 ? ++row : row));
  return Array.from({ length: row + 1 }, (_, part) =>
    cells.map((cell) => ({ ...cell, lines: cell.lines.filter((line) => rowOf[lineAt(line)] === part) })),
  );
}

/** Whether the first word of the line with the given index had no room at the end of the line before it. */
function hadNoRoom({ left, right, lines }: DrawnCell, index: number): boolean {
  const [before, line] = [lines[index - 1] ?? [], lines[index] ?? []];
  const [first] = line.flatMap(wordsOf);
  const size = line[0]?.size ?? 0;
  const width = before.reduce((sum, piece) => sum + piece.right - piece.left, 0);
  return first !== undefined && width + 0.25 * size + first.right - first.left > right - left - 0.4 * size;
}

function textOf({ left, right, lines }: DrawnCell): string {
  const pieces = lines.flat();
  const size = Math.max(...pieces.map((piece) => piece.size));
  const padding = Math.min(...pieces.map((piece) => piece.left - left), MAX_PADDING_EM * size);
  const isNarrow = right - left - 2 * padding < MIN_CELL_EM * size;
  const cellEnd = isNarrow ? undefined : right - padding;
  return pageText(pieces, { slack: EXACT.slack, cellEnd }).replaceAll(/\s+/g, " ");
}
