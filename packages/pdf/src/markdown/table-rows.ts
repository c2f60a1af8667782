import type { Extent, Rules } from "../text/styled.ts";
import type { Line } from "../text/layout.ts";
import { wordsOf } from "./cells.ts";
import type { PlacedLine } from "./columns.ts";
import { drawnBetween } from "./drawn-between.ts";

/** The lines of one cell are at most this many ems apart. */
const MAX_LINE_EM = 1.45;
/** Rows are at least this many times as far apart as the lines within a cell. */
const ROW_TO_LINE = 1.15;
/** If more lines than this are between two drawn lines, the drawn lines separate groups of rows and not single rows. */
const MAX_RULED_LINES = 8;
const MIN_RULES = 2;
/**
 * A line is whole if at least this part of the table's columns has text in it. If most lines between drawn lines are
 * whole, each of them is a row, and the drawn lines separate groups of rows.
 */
const WHOLE = 0.8;

/**
 * Returns a function that tests whether a row begins at the line with the given index. Drawn lines decide; if these do
 * not separate the rows, the distances between the lines of text do.
 */
export function rowTest(lines: readonly PlacedLine[], rules: Rules): (index: number) => boolean {
  const hasRuleAbove = drawnTest(lines, rules);
  const ruled = lines.map((_, index) => index > 0 && hasRuleAbove(index));
  const begins = [0, ...ruled.flatMap((is, index) => (is ? [index] : [])), lines.length];
  const longest = Math.max(...begins.slice(1).map((begin, index) => begin - (begins[index] ?? 0)));
  const within = lines.filter((_, index) => index > 0 && ruled[index] === false);
  const isWhole = (line: PlacedLine): boolean => line.filter((cells) => cells.length > 0).length >= WHOLE * line.length;
  const isGrouped = within.filter(isWhole).length * 2 > within.length;
  if (begins.length >= MIN_RULES + 2 && longest <= MAX_RULED_LINES && !isGrouped)
    return (index) => ruled[index] === true;
  const goesOn = lineTest(lines);
  return (index) => !goesOn(index);
}

/** Returns a function that tests whether a line is drawn above the line of text with the given index. */
function drawnTest(lines: readonly PlacedLine[], { across }: Rules): (index: number) => boolean {
  let [left, right] = [Infinity, -Infinity];
  for (const one of lines.flat(2)) [left, right] = [Math.min(left, one.left), Math.max(right, one.right)];
  const probes = [0.1, 0.3, 0.5, 0.7, 0.9].map((share) => left + share * (right - left));
  return (index) => {
    const [above, below] = [lines[index - 1]?.flat() ?? [], lines[index]?.flat() ?? []];
    const [top, bottom] = [above[0]?.baseline ?? 0, below[0]?.baseline ?? 0];
    const between = drawnBetween(across, bottom, top).filter(({ y }) => y < top);
    const covered = (x: number): boolean => between.some((rule) => rule.left <= x && rule.right >= x);
    return probes.filter(covered).length >= 4;
  };
}

/**
 * Returns a function that tests whether the line with the given index continues the row of the line before it. It does
 * if it lies within a cell that began above it: the lines of one cell are closer together than rows.
 */
function lineTest(lines: readonly PlacedLine[]): (index: number) => boolean {
  const steps = stepsOf(lines);
  const threshold = widestJump(steps.map(({ gap }) => gap));
  // For each line: how many cells go on from the line before it, as the difference to the line before.
  const changes = [...lines.map(() => 0), 0];
  for (const { from, to, gap } of steps)
    if (gap < threshold) {
      changes[from + 1]!++;
      changes[to + 1]!--;
    }
  let cells = 0;
  const goesOn = lines.map((_, index) => (cells += changes[index]!) > 0);
  // A row has numbers in one of its lines. If most of these lines are rows beside other rows, distances do not separate
  // rows here.
  let [joined, beside, hasRow, hasNumbers] = [0, 0, false, false];
  for (const [index, line] of lines.entries()) {
    const isWhole = isRow(line);
    const isOfNumbers = isWhole && line.flat().some(isNumber);
    if (goesOn[index]) joined++;
    else [hasRow, hasNumbers] = [false, false];
    if (isWhole && hasRow) beside++;
    if (isOfNumbers && hasNumbers) goesOn[index] = false;
    [hasRow, hasNumbers] = [hasRow || isWhole, hasNumbers || isOfNumbers];
  }
  if (joined > 0 && beside * 2 < joined) return (index) => goesOn[index] === true;
  return wrapTest(lines);
}

/** A step from a line of a column to the next one in this column. `gap`: their distance in ems. */
interface Step {
  readonly from: number;
  readonly to: number;
  readonly gap: number;
}

/** In ems. Two lines that are farther apart than this are not the lines of cells that are centred beside each other. */
const CENTRED_EM = 0.8;

/** Returns the steps within columns. Leaves out those across lines of other columns, which are not centred beside them. */
function stepsOf(lines: readonly PlacedLine[]): Step[] {
  const heights = lines.map((line) => line.find(([piece]) => piece)?.[0]?.baseline ?? 0);
  const last: number[] = [];
  const steps: Step[] = [];
  lines.forEach((line, to) =>
    line.forEach(([piece], column) => {
      if (!piece) return;
      const from = last[column];
      last[column] = to;
      if (from === undefined) return;
      const [top, bottom] = [heights[from]!, heights[to]!];
      const room = CENTRED_EM * piece.size;
      const between = heights.slice(from + 1, to);
      const isAcross =
        between.some((height) => top - height > room && height - bottom > room) ||
        (between[0] ?? 0) - (between.at(-1) ?? 0) > room;
      if (!isAcross) steps.push({ from, to, gap: (top - bottom) / piece.size });
    }),
  );
  return steps;
}

const NUMBER = /^[\p{Sc}\d.,%()+\-\u2013\u2212\s]*\d[\p{Sc}\d.,%()+\-\u2013\u2212\s]*$/u;
const isNumber = ({ text }: Line): boolean => NUMBER.test(text);

const filledIn = (line: PlacedLine): number[] => line.flatMap(({ length }, column) => (length > 0 ? [column] : []));

/** Matches dots that lead from a text to the next one. */
const LEADERS = /(?:[.\u2026\u00b7_] ?){4}/;

/**
 * Whether a line is a row of its own: nearly all columns have text in it, several of them have numbers, or dots lead
 * from one to the other.
 */
function isRow(line: PlacedLine): boolean {
  const pieces = line.flat();
  if (pieces.length >= WHOLE * line.length || pieces.filter(isNumber).length > 1) return true;
  return pieces.some(({ text }) => LEADERS.test(text));
}

/** In a column narrower than this many ems, no line counts as full. */
const MIN_WRAPPED_EM = 9;

/**
 * The same test for a table whose lines are all equally far apart. A line continues the row if its words had no room at
 * the end of the line before it, and other cells of the row have fewer lines; or if its text is in one column, but not
 * the first, and begins with a lower-case letter.
 */
function wrapTest(lines: readonly PlacedLine[]): (index: number) => boolean {
  const columns = extentsOf(lines);
  let row = new Set<number>();
  const goesOn = lines.map((line, index) => {
    const filled = filledIn(line);
    const before = lines[index - 1] ?? [];
    const [piece] = line[filled[0] ?? 0] ?? [];
    const [above] = before.flat();
    const isClose = piece && above && (above.baseline - piece.baseline) / piece.size < MAX_LINE_EM;
    const isPart = filled.length === 1 && filled[0] !== 0 && /^\s*\p{Ll}/u.test(piece?.text ?? "");
    const isWithin = filled.every((column) => row.has(column)) && filled.length < row.size;
    const isAround = filled.length > row.size && [...row].every((column) => filled.includes(column));
    const isPartly =
      filled.length * 2 <= line.length && filled.length === row.size && filled.every((column) => row.has(column));
    const common = filled.filter((column) => (before[column]?.length ?? 0) > 0);
    const isFull = (column: number): boolean => hadNoRoom(before[column]![0]!, line[column]![0]!, columns[column]!);
    const isWrapped = (isWithin || isAround || isPartly) && common.length > 0 && common.every(isFull);
    const is = isClose === true && (isPart || isWrapped);
    row = is ? new Set([...row, ...filled]) : new Set(filled);
    return is;
  });
  return (index) => goesOn[index] === true;
}

/** Whether the first word of a cell's line had no room at the end of the line before it. */
function hadNoRoom(above: Line, below: Line, { left, right }: Extent): boolean {
  const [first] = wordsOf(below);
  if (!first || right - left < MIN_WRAPPED_EM * below.size || isNumber(below)) return false;
  return above.right - above.left + 0.25 * below.size + first.right - first.left > right - left;
}

function extentsOf(lines: readonly PlacedLine[]): Extent[] {
  const columns: Array<{ left: number; right: number }> = (lines[0] ?? []).map(() => ({
    left: Infinity,
    right: -Infinity,
  }));
  for (const line of lines)
    line.forEach(([piece], column) => {
      const extent = columns[column]!;
      if (piece) [extent.left, extent.right] = [Math.min(extent.left, piece.left), Math.max(extent.right, piece.right)];
    });
  return columns;
}

/**
 * Returns the threshold, in ems: lines of text that are closer belong to one row. Returns 0 if all distances are alike.
 */
function widestJump(gaps: readonly number[]): number {
  const sorted = gaps.toSorted((one, other) => one - other);
  let threshold = 0;
  let widest = ROW_TO_LINE;
  sorted.forEach((gap, index) => {
    const next = sorted[index + 1];
    if (next === undefined || gap > MAX_LINE_EM || next < 0.9 || next / gap < widest) return;
    widest = next / gap;
    threshold = (gap + next) / 2;
  });
  return threshold;
}
