import type { Line } from "../text/layout.ts";
import type { Extent, Rules } from "../text/styled.ts";
import { firstAtLeast } from "./first-index.ts";
import { latticesOf, unionFind, type Lattice, type Segment } from "./drawn-lines.ts";

/** A table whose cells are drawn: as boxes of lines, or as coloured boxes. */
export interface DrawnGrid extends Extent {
  readonly bottom: number;
  readonly top: number;
  /** The edges of the columns, from left to right. */
  readonly xs: readonly number[];
  /** The edges of the rows, from top to bottom, in points below the origin: sorted like those of the columns. */
  readonly depths: readonly number[];
  /** For each box of the grid, row by row: the first box of the cell that it belongs to. */
  readonly cellAt: readonly number[];
}

/** In points. Edges nearer than this are one edge: no letter has room between them. */
const MIN_BOX = 4;
/** A grid with more boxes than this is a drawing. */
const MAX_BOXES = 20_000;
/** A page with more grids than this is a drawing. */
export const MAX_GRIDS = 200;

/** The grids that lines on the page draw, and that have at least two rows and two columns. */
export function drawnGrids(rules: Rules): DrawnGrid[] {
  const grids = latticesOf(rules).flatMap((lattice) => gridOfLattice(lattice) ?? []);
  return grids.length > MAX_GRIDS ? [] : grids;
}

function gridOfLattice({ across, upright }: Lattice): DrawnGrid | undefined {
  const xs = edgesOf([...upright.map(({ at }) => at), ...across.flatMap(({ from, to }) => [from, to])], upright);
  const ys = edgesOf([...across.map(({ at }) => at), ...upright.flatMap(({ from, to }) => [from, to])], across);
  const [columns, rows] = [xs.length - 1, ys.length - 1];
  if (columns < 2 || rows < 2 || columns * rows > MAX_BOXES) return undefined;
  const sets = unionFind(columns * rows);
  const hasRight = coverage(upright, xs, ys);
  const hasTop = coverage(across, ys, xs);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      // The rows are counted from the bottom here, and from the top in the result.
      const box = (rows - 1 - row) * columns + column;
      if (column + 1 < columns && !hasRight(column + 1, row)) sets.union(box, box + 1);
      if (row + 1 < rows && !hasTop(row + 1, column)) sets.union(box, box - columns);
    }
  const cellAt = Array.from({ length: columns * rows }, (_, box) => sets.find(box));
  const [left, right] = [xs[0] as number, xs.at(-1) as number];
  const depths = ys.map((y) => -y).toReversed();
  return { left, right, bottom: ys[0] as number, top: ys.at(-1) as number, xs, depths, cellAt };
}

/** The places of the lines, and the outermost ends of the lines that cross them: outer lines may not be drawn. */
function edgesOf(places: readonly number[], lines: readonly Segment[]): number[] {
  const [least, most] = places.reduce(([a, b], x) => [Math.min(a, x), Math.max(b, x)], [Infinity, -Infinity]);
  const edges: number[] = [];
  for (const at of [least, ...lines.map((line) => line.at), most].toSorted((one, other) => one - other))
    if (at - (edges.at(-1) ?? -Infinity) >= MIN_BOX) edges.push(at);
  return edges;
}

/** Returns a function that tests whether a line is drawn at the edge with the given index, along the given box. */
function coverage(
  lines: readonly Segment[],
  edges: readonly number[],
  along: readonly number[],
): (edge: number, box: number) => boolean {
  const drawn = new Set<number>();
  const middles = along.slice(1).map((edge, index) => (edge + (along[index] as number)) / 2);
  for (const { at, from, to } of lines) {
    const next = firstAtLeast(edges, at + MIN_BOX);
    for (const edge of [next - 1, next])
      if (Math.abs((edges[edge] ?? Infinity) - at) < MIN_BOX)
        for (let box = firstAtLeast(middles, from); box < middles.length && (middles[box] as number) <= to; box++)
          drawn.add(edge * along.length + box);
  }
  return (edge, box) => drawn.has(edge * along.length + box);
}

/** The height of the middle of a line's small letters. */
export const middleOf = ({ baseline, size }: Line): number => baseline + 0.3 * size;
