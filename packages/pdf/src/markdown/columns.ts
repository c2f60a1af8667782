import type { Line } from "../text/layout.ts";
import type { Extent, Rules } from "../text/styled.ts";
import { wordsOf, type Word } from "./cells.ts";

/** Words of one line with a smaller gap than this, in ems, may be in one cell. */
const WORD_GAP_EM = 0.5;
/** A line with at least this part of the fullest line's cells is full; only full lines determine the columns. */
const FULL_LINE = 0.6;

/** The pieces of one line, by column. */
export type PlacedLine = ReadonlyArray<readonly Line[]>;

/** Neighbouring words on a line. */
export interface Fragment extends Extent {
  readonly words: readonly Word[];
  readonly line: Line;
}

/** The words of one line, split where a cell may end. */
export function fragmentsOf(line: readonly Line[]): Fragment[] {
  return line.flatMap((piece) => {
    const found: Fragment[] = [];
    for (const word of wordsOf(piece)) {
      const last = found.at(-1);
      if (last && word.left - last.right < WORD_GAP_EM * piece.size)
        found[found.length - 1] = { ...last, words: [...last.words, word], right: word.right };
      else found.push({ words: [word], line: piece, left: word.left, right: word.right });
    }
    return found;
  });
}

/** Whether a line has about as many cells as the fullest line. */
export function isFull(line: readonly Fragment[], lines: ReadonlyArray<readonly Fragment[]>): boolean {
  return line.length > 1 && line.length >= FULL_LINE * Math.max(...lines.map(({ length }) => length));
}

/** The columns from left to right: between drawn lines, or else where no full line has a word in between. */
export function columnsOf(lines: ReadonlyArray<readonly Fragment[]>, rules: Rules): Extent[] {
  const all = lines.flat();
  const [left, right] = [Math.min(...all.map((one) => one.left)), Math.max(...all.map((one) => one.right))];
  const between = uprightBetween(lines, rules, { left, right });
  if (between.length > 0) {
    const edges = [-Infinity, ...between, Infinity];
    return edges.slice(1).map((edge, index) => ({ left: edges[index] ?? -Infinity, right: edge }));
  }
  let columns: Extent[] = [];
  for (const line of lines) if (isFull(line, lines)) for (const one of line) columns = widened(columns, one);
  // A column that only a few rows fill is found beside the other columns.
  for (const line of lines)
    if (line.length > 1)
      for (const one of line) if (overlapping(columns, one).length === 0) columns = widened(columns, one);
  return columns.toSorted((one, other) => one.left - other.left);
}

/** The drawn lines between cells that cover at least half of the table's height. */
function uprightBetween(lines: ReadonlyArray<readonly Fragment[]>, rules: Rules, { left, right }: Extent): number[] {
  const baselines = lines.flat().map(({ line }) => line.baseline);
  const [top, bottom] = [Math.max(...baselines), Math.min(...baselines)];
  const inside = rules.upright.filter(({ x }) => x > left && x < right);
  const found: number[] = [];
  for (const x of inside.map((rule) => rule.x).toSorted((one, other) => one - other)) {
    if (x - (found.at(-1) ?? -Infinity) < 4) continue;
    const parts = inside.filter((rule) => Math.abs(rule.x - x) < 4);
    const drawn = lines.filter((line) => parts.some((part) => covers(part, line[0]?.line.baseline ?? 0))).length;
    if (top > bottom && drawn * 2 > lines.length) found.push(x);
  }
  return found;
}

function covers({ bottom, top }: Rules["upright"][number], baseline: number): boolean {
  return bottom <= baseline + 1 && top >= baseline;
}

function widened(columns: readonly Extent[], one: Extent): Extent[] {
  const touched = overlapping(columns, one);
  const all = [...touched, one];
  const column = { left: Math.min(...all.map((each) => each.left)), right: Math.max(...all.map((each) => each.right)) };
  return [...columns.filter((each) => !touched.includes(each)), column];
}

export function overlapping(columns: readonly Extent[], one: Extent): Extent[] {
  return columns.filter((column) => Math.min(column.right, one.right) - Math.max(column.left, one.left) > 0.5);
}
