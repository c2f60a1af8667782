import type { Rules } from "../text/styled.ts";
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

/** Returns a function that tests whether the line with the given index continues the row of the line before it. */
function lineTest(lines: readonly PlacedLine[]): (index: number) => boolean {
  const filled = lines.map((line) => line.filter((cells) => cells.length > 0).length);
  const gaps = lines.map((line, index) => {
    const [[one], [other]] = [lines[index - 1]?.flat() ?? [], line.flat()];
    return one && other ? (one.baseline - other.baseline) / other.size : Infinity;
  });
  const threshold = widestJump(gaps.slice(1));
  const isClose = (index: number): boolean => (gaps[index] ?? Infinity) < threshold;
  const close = lines.map((_, index) => index).filter(isClose);
  // If most lines that are close to the line before them have text in all columns, each of them is a row, and distances
  // do not separate rows here. Then a line continues a row only if its text is in one column, but not the first, and
  // begins with a lower-case letter.
  const whole = close.filter((index) => filled[index] === lines[index]?.length).length;
  if (close.length > 0 && whole * 2 < close.length) return isClose;
  return (index) => {
    const [first] = lines[index] ?? [];
    const [piece] = lines[index]?.flat() ?? [];
    const isPart = first?.length === 0 && filled[index] === 1 && /^\s*\p{Ll}/u.test(piece?.text ?? "");
    return isPart && (gaps[index] ?? Infinity) < MAX_LINE_EM;
  };
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
    // A line that is centred beside a cell of two lines is half a line away from each of them. The jump from such a
    // small gap to the usual distance of lines is not the jump from lines to rows, so it does not count.
    if (next === undefined || gap > MAX_LINE_EM || next < 0.9 || next / gap < widest || (gap < 0.8 && next < 1.3))
      return;
    widest = next / gap;
    threshold = (gap + next) / 2;
  });
  return threshold;
}
