import type { Line } from "../text/layout.ts";
import { middleOf, type DrawnGrid } from "./drawn-grid.ts";
import { rowsOfGrid } from "./drawn-rows.ts";

/** A drawn table: the pieces of text from index `from` to index `to`, which is not included. */
interface DrawnTable {
  readonly from: number;
  readonly to: number;
  readonly rows: readonly (readonly string[])[];
}

/** Finds the tables in the grids: those whose pieces of text follow one another. */
export function drawnTables(pieces: readonly Line[], grids: readonly DrawnGrid[]): DrawnTable[] {
  const gridOf = gridTest(pieces, grids);
  const tables: DrawnTable[] = [];
  let from = 0;
  while (from < pieces.length) {
    const grid = gridOf[from];
    let to = from + 1;
    while (to < pieces.length && gridOf[to] === grid) to++;
    const rows = grid && rowsOfGrid(pieces.slice(from, to), grid);
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

/** For each line: the smallest grid that it is in. */
function gridTest(lines: readonly Line[], grids: readonly DrawnGrid[]): Array<DrawnGrid | undefined> {
  const area = (grid: DrawnGrid): number => (grid.right - grid.left) * (grid.top - grid.bottom);
  const bySize = grids.toSorted((one, other) => area(one) - area(other));
  return lines.map((line) => {
    const [x, y] = [(line.left + line.right) / 2, middleOf(line)];
    return bySize.find((grid) => x > grid.left && x < grid.right && y > grid.bottom && y < grid.top);
  });
}
