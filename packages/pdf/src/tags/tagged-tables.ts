import { pageText, type Line } from "../text/layout.ts";
import { inColumns, placed } from "./cell-places.ts";
import { gridsOf, tablesOf, type TableCell } from "./table-grid.ts";
import type { Tags } from "./tags.ts";
import type { TaggedWord } from "./word-tags.ts";

/** A table with a cell of more words, or with more words in a cell on average, is used for layout. */
const MAX_CELL_WORDS = 250;
const MAX_MEAN_WORDS = 60;
/** At most this part of the cells may have texts beside each other, which are cells of their own. */
const MAX_DIVIDED = 0.4;
/** A table has at most this many places for each cell with text. */
const MAX_EMPTY = 25;
/** At most this part of the rows may look like further lines of the row above. */
const MAX_PARTS = 0.3;
/** Texts are beside each other if their baselines differ by less than this, and the gap between them is wider, in ems. */
const [SAME_ROW_EM, MIN_GAP_EM] = [0.4, 2] as const;

/** A table of a page: its pieces of text, from index `from` to index `to`, and the texts of its cells. */
export interface TaggedTable {
  readonly from: number;
  /** Not included. */
  readonly to: number;
  readonly rows: readonly (readonly string[])[];
}

/** The pieces of text in each cell of a table. The key is the index of the cell's element. */
type Pieces = ReadonlyMap<number, readonly Line[]>;

/** Finds the tables that the tags of a page state, as far as these are plausible. `words`: those of each piece of text. */
export function taggedTables(
  cells: readonly Line[],
  words: ReadonlyArray<readonly TaggedWord[]>,
  { elements }: Tags,
): TaggedTable[] {
  const inTable = tablesOf(elements);
  const cellOf = cellFinder(elements, inTable);
  const ranges = new Map<number, { from: number; to: number }>();
  words.forEach((of, at) => {
    for (const { tag } of of) {
      const table = tag === undefined ? undefined : cellOf(tag)?.table;
      if (table === undefined) continue;
      const range = ranges.get(table);
      if (range) range.to = at + 1;
      else ranges.set(table, { from: at, to: at + 1 });
    }
  });
  const grids = gridsOf(elements, inTable);
  const tables: TaggedTable[] = [];
  for (const [table, { from, to }] of [...ranges].toSorted(([, one], [, other]) => one.from - other.from)) {
    const grid = grids.get(table);
    if (grid === undefined || from < (tables.at(-1)?.to ?? 0)) continue;
    const pieces = piecesOf(cells.slice(from, to), words.slice(from, to), (tag) => {
      const found = cellOf(tag);
      return found?.table === table ? found.cell : undefined;
    });
    if (pieces === undefined) continue;
    const rows = rowsOf(grid, pieces);
    if (rows) tables.push({ from, to, rows });
  }
  return tables;
}

interface FoundCell {
  readonly cell: number;
  readonly table: number;
}

/** Returns a function that finds the cell of a table to which an element belongs: the innermost one. */
function cellFinder(
  elements: Tags["elements"],
  tables: ReadonlyArray<number | undefined>,
): (tag: number) => FoundCell | undefined {
  const found: Array<FoundCell | undefined> = [];
  elements.forEach(({ role, parent }, index) => {
    const table = tables[index];
    if ((role === "TD" || role === "TH") && table !== undefined) found.push({ cell: index, table });
    else found.push(role === "Table" || parent === undefined ? undefined : found[parent]);
  });
  return (tag) => found[tag];
}

/**
 * The pieces of text in each cell. A piece with words of several cells is divided. Undefined if one of the words is in
 * no cell of this table.
 */
function piecesOf(
  lines: readonly Line[],
  words: ReadonlyArray<readonly TaggedWord[]>,
  cellOf: (tag: number) => number | undefined,
): Pieces | undefined {
  const pieces = new Map<number, Line[]>();
  for (const [at, line] of lines.entries()) {
    const own = (words[at] ?? []).map((word) => ({
      word,
      cell: word.tag === undefined ? undefined : cellOf(word.tag),
    }));
    const parts: Array<{ cell: number; words: TaggedWord[] }> = [];
    for (const [index, { word, cell: known }] of own.entries()) {
      // An untagged word, such as a sign of another font, is in the cell of the word beside it.
      const near = own.slice(index + 1).find((other) => other.word.tag !== undefined)?.cell;
      const cell = known ?? (word.tag === undefined ? (parts.at(-1)?.cell ?? near) : undefined);
      if (cell === undefined) return undefined;
      const last = parts.at(-1);
      if (last?.cell === cell) last.words.push(word);
      else parts.push({ cell, words: [word] });
    }
    for (const part of parts) {
      const piece = parts.length === 1 ? line : partOf(line, part.words);
      const there = pieces.get(part.cell);
      if (there) there.push(piece);
      else pieces.set(part.cell, [piece]);
    }
  }
  return pieces;
}

function partOf(line: Line, words: readonly TaggedWord[]): Line {
  const [left, right] = [Math.min(...words.map((one) => one.left)), Math.max(...words.map((one) => one.right))];
  return { ...line, text: words.map(({ text }) => text).join(" "), left, right, words };
}

/** The texts of a table's cells, row by row, without empty rows and columns; undefined if it is used for layout. */
function rowsOf(grid: readonly TableCell[], pieces: Pieces): string[][] | undefined {
  const filled = grid.filter(({ cell }) => pieces.has(cell));
  if (filled.length < 4 || isLayout(filled, pieces)) return undefined;
  const isRtl = [...pieces.values()].flat().some(({ mirrored }) => mirrored === true);
  const cells = inColumns(
    filled.map((cell) => placed(cell, pieces.get(cell.cell) ?? [])),
    isRtl,
  );
  if (cells === undefined) return undefined;
  const [rows, columns] = [usedOf(cells.map(({ row }) => row)), usedOf(cells.map(({ column }) => column))];
  if (rows.length < 2 || columns.length < 2 || rows.length * columns.length > MAX_EMPTY * cells.length)
    return undefined;
  if (hasRowForEachLine(cells, columns)) return undefined;
  const texts = rows.map(() => columns.map(() => ""));
  for (const { cell, row, column } of cells) {
    const line = texts[rows.indexOf(row)] as string[];
    const at = columns.indexOf(column);
    line[at] = `${line[at]} ${pageText(pieces.get(cell) ?? []).replaceAll(/\s+/g, " ")}`.trim();
  }
  return texts;
}

/**
 * Whether each line of text is tagged as a row of its own: then many rows only continue the row above them, with text in
 * a few columns, but not in the first.
 */
function hasRowForEachLine(cells: readonly TableCell[], columns: readonly number[]): boolean {
  const rows = [...Map.groupBy(cells, ({ row }) => row).values()];
  const parts = rows.filter(
    (row) => row.length * 2 <= columns.length && row.every(({ column }) => column !== columns[0]),
  );
  return parts.length > MAX_PARTS * rows.length;
}

const usedOf = (places: readonly number[]): number[] => [...new Set(places)].toSorted((one, other) => one - other);

function isLayout(filled: readonly TableCell[], pieces: Pieces): boolean {
  const counts = filled.map(({ cell }) =>
    (pieces.get(cell) ?? []).reduce((sum, { text }) => sum + text.trim().split(/\s+/).length, 0),
  );
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  if (mean > MAX_MEAN_WORDS || Math.max(...counts) > MAX_CELL_WORDS) return true;
  const divided = filled.filter(({ cell }) => {
    const own = pieces.get(cell) ?? [];
    return own.some((piece, at) => at > 0 && isBeside(own[at - 1] as Line, piece));
  });
  return divided.length > Math.max(1, MAX_DIVIDED * filled.length);
}

/** Whether two pieces of text are in one row, with a wide gap between them. */
function isBeside(one: Line, other: Line): boolean {
  const em = Math.min(one.size, other.size);
  const gap = Math.max(one.left - other.right, other.left - one.right);
  return Math.abs(one.baseline - other.baseline) < em * SAME_ROW_EM && gap > em * MIN_GAP_EM;
}
