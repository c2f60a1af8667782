import type { Tag } from "./tags.ts";

/** A cell of a tagged table: the index of its element, and its first row and column. */
export interface TableCell {
  readonly cell: number;
  readonly row: number;
  readonly column: number;
}

/** A table as far as its elements have been seen. */
interface OpenTable {
  readonly cells: TableCell[];
  /** The number of the row, and the first column that may be free in it. */
  row: number;
  column: number;
  /** For each column, the row before which a cell of an earlier row ends. */
  readonly takenBefore: number[];
}

/** For each element, the index of the innermost table that has it; undefined if none has it. */
export function tablesOf(elements: readonly Tag[]): ReadonlyArray<number | undefined> {
  const tables: Array<number | undefined> = [];
  elements.forEach(({ role, parent }, index) => {
    // An element comes after the element that contains it, so that element's table is known already.
    tables.push(role === "Table" ? index : parent === undefined ? undefined : tables[parent]);
  });
  return tables;
}

/** The places of the cells of each table, row by row. The key is the index of the table's element. */
export function gridsOf(
  elements: readonly Tag[],
  tables: ReadonlyArray<number | undefined>,
): ReadonlyMap<number, readonly TableCell[]> {
  const open = new Map<number, OpenTable>();
  elements.forEach((element, index) => {
    const table = tables[index];
    if (table === undefined) return;
    const state = open.get(table) ?? { cells: [], row: -1, column: 0, takenBefore: [] };
    open.set(table, state);
    if (element.role === "TR") Object.assign(state, { row: state.row + 1, column: 0 });
    if ((element.role === "TD" || element.role === "TH") && state.row >= 0) place(state, index, element);
  });
  return new Map([...open].map(([table, { cells }]) => [table, cells]));
}

function place(state: OpenTable, cell: number, { rowSpan, columnSpan }: Tag): void {
  const { cells, row, takenBefore } = state;
  let { column } = state;
  while ((takenBefore[column] ?? 0) > row) column++;
  cells.push({ cell, row, column });
  for (let at = column; at < column + columnSpan; at++) takenBefore[at] = row + rowSpan;
  state.column = column + columnSpan;
}
