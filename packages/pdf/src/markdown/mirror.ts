import type { Line } from "../text/layout.ts";
import { isMostlyRtl, RTL } from "../text/right-to-left.ts";
import type { Rules } from "../text/styled.ts";
import { isOneRow } from "./cells.ts";
import type { DrawnGrid } from "./drawn-grid.ts";
import { drawnTables } from "./drawn-tables.ts";
import { spansOf } from "./find-tables.ts";

/*
 * On a page that is read from right to left, tables and lists begin at the right. Their lines are mirrored (their
 * positions get the opposite sign), so that they begin at the left and the code for left-to-right pages can find them.
 * Code and left-to-right text on such a page are not mirrored.
 */

/**
 * If most text of a page is right-to-left, mirrors the right-to-left lines. A possible table with a right-to-left cell
 * is mirrored as a whole, unless it contains code.
 */
export function withRtlMirrored(lines: readonly Line[], grids: readonly DrawnGrid[] = []): readonly Line[] {
  if (!isMostlyRtl(lines.map(({ text }) => text).join("\n"))) return lines;
  const isRtl = lines.map(
    ({ text, mono }) => mono !== true && (text.includes("\t") ? RTL.test(text) : isMostlyRtl(text)),
  );
  const isInRow = lines.map(({ text }) => text.includes("\t"));
  const drawn = drawnTables(lines, grids).map(({ from, to }) => [from, to] as const);
  for (const [from, to] of [...spansOf(lines), ...drawn]) {
    const span = lines.slice(from, to);
    isInRow.fill(true, from, to);
    if (span.some(({ text, mono }) => mono !== true && RTL.test(text)) && !span.some(({ mono }) => mono))
      isRtl.fill(true, from, to);
  }
  lines.forEach((line, at) => {
    const before = lines[at - 1];
    if (before === undefined || isRtl[at - 1] !== true || isRtl[at] === true || line.mono === true) return;
    isRtl[at] = isInRow[at] === true ? isRowOfNumbers(before, line, lines[at + 1]) : goesOn(before, line);
  });
  return lines.map((line, at) => (isRtl[at] === true ? mirrored(line) : line));
}

/** Whether a cell has no letters and belongs to a row whose cells are in order from right to left. */
function isRowOfNumbers(before: Line, cell: Line, next: Line | undefined): boolean {
  if (/\p{L}/u.test(cell.text)) return false;
  if (isOneRow(before, cell)) return before.left > cell.left;
  return next !== undefined && isOneRow(cell, next) && cell.left > next.left;
}

/**
 * Whether a line belongs to the right-to-left line before it. It does if it has no letters, or if it has a
 * right-to-left word, begins at the same right edge, and is shorter.
 */
function goesOn(before: Line, { text, left, right, size }: Line): boolean {
  if (!/\p{L}/u.test(text)) return true;
  return RTL.test(text) && Math.abs(right - before.right) < size && left > before.left + size;
}

/**
 * Mirrors left-to-right cells that are in no table back to where they were drawn. A cell stays mirrored if it is in one
 * row with another mirrored cell.
 */
export function withLtrAsDrawn(cells: readonly Line[]): Line[] {
  return cells.map((cell, at) => {
    if (cell.mirrored !== true || RTL.test(cell.text) || !/\p{L}/u.test(cell.text)) return cell;
    const beside = [cells[at - 1], cells[at + 1]];
    return beside.some((other) => other?.mirrored === true && isOneRow(cell, other))
      ? cell
      : { ...mirrored(cell), mirrored: false };
  });
}

function mirrored(line: Line): Line {
  const words = line.words?.map(({ left, right }) => ({ left: -right, right: -left }));
  return { ...line, left: -line.right, right: -line.left, mirrored: true, ...(words && { words }) };
}

export function mirroredRules({ across, upright }: Rules): Rules {
  return {
    across: across.map((rule) => ({ ...rule, left: -rule.right, right: -rule.left })),
    upright: upright.map((rule) => ({ ...rule, x: -rule.x })),
  };
}
