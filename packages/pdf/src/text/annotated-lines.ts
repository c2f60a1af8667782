import type { Line } from "./layout.ts";
import { withNames, type Guesses } from "./second-names.ts";

/**
 * Two lines are in one row if their baselines differ by less than this many ems: the value in a form field is a little
 * higher or lower than its label.
 */
const SAME_ROW_EM = 0.8;
/**
 * How many of a page's own lines may be missing after the annotations were drawn. If more are missing, and these are
 * more than half of the lines, the drawing has changed how PDFium reads the letters of the page.
 */
const MAX_GONE = 3;

/**
 * The lines of a page, with the text of its annotations. The value of a form field is placed after the label in its
 * row; if there is no label, by its position. `plain`: the page without annotations. `drawn`: the page with drawn
 * annotations, which PDFium returns after the other lines. Notes come last.
 */
export function withAnnotations(
  plain: readonly Line[],
  drawn: readonly Line[],
  { values, notes }: { values: readonly Line[]; notes: readonly string[] },
): Line[] {
  const [lines, added] = areChanged(plain, drawn) ? [[...plain], addedTo(plain, drawn)] : afterSame(plain, drawn);
  const more = [...added, ...values].filter(({ text }) => text.trim() !== "");
  for (const line of more.toSorted(inRows)) place(lines, line);
  return [...lines, ...notes.map((note) => ({ text: `[Note] ${note}`, left: 0, right: 0, baseline: 0, size: 0 }))];
}

/** Lines of a page with marks in place of unnamed letters, and what PDFium guessed for these letters. */
interface MarkedLines {
  readonly lines: readonly Line[];
  readonly guesses: Guesses;
}

/**
 * If drawing the annotations has changed how PDFium reads the letters of a page, the same mark stands for different
 * letters in the page's own lines and in the drawn lines. Then this function replaces the marks of both by letters,
 * with the help of `other`, another PDF engine's text of the page. Otherwise the marks stay, and their guesses are
 * returned.
 */
export function namedApart(
  plain: MarkedLines,
  drawn: MarkedLines,
  other: string,
): { readonly plain: readonly Line[]; readonly drawn: readonly Line[]; readonly guesses: Guesses } {
  if (plain === drawn || !areChanged(plain.lines, drawn.lines))
    return { plain: plain.lines, drawn: drawn.lines, guesses: drawn.guesses };
  return { plain: named(plain, other), drawn: named(drawn, other), guesses: new Map() };
}

const named = ({ lines, guesses }: MarkedLines, other: string): readonly Line[] =>
  guesses.size === 0 ? lines : withNames(lines, guesses, other);

/**
 * The lines that only the drawn annotations have: those that are neither among the page's own lines nor in `other`,
 * another PDF engine's text of the page without its annotations. They have no positions.
 */
export function drawnOnly(plain: MarkedLines, drawn: MarkedLines, other: string): Line[] {
  const own = new Set(plain.lines.map(({ text }) => text));
  const known = withoutBlanks(other);
  const isNew = ({ text }: Line): boolean => !own.has(text) && !known.includes(withoutBlanks(text));
  return named({ lines: drawn.lines.filter(isNew), guesses: drawn.guesses }, other).map((line) => ({
    ...line,
    size: 0,
  }));
}

const withoutBlanks = (text: string): string => text.replace(/\s+/g, "");

/**
 * Splits the drawn lines in two: the lines at the beginning that are the same as on the page without annotations, and
 * the others.
 */
function afterSame(plain: readonly Line[], drawn: readonly Line[]): [Line[], Line[]] {
  let same = 0;
  while (same < plain.length && isSame(plain[same], drawn[same])) same++;
  return [drawn.slice(0, same), drawn.slice(same)];
}

/**
 * Whether drawing the annotations has changed how PDFium reads the letters of the page's own lines: after the drawing,
 * PDFium reads some fonts without the names of their letters.
 */
function areChanged(plain: readonly Line[], drawn: readonly Line[]): boolean {
  const known = new Set(drawn.map(({ text }) => text));
  const gone = plain.filter(({ text }) => !known.has(text)).length;
  return gone > MAX_GONE && 2 * gone > plain.length;
}

/** The drawn lines that are at places where the page itself has no line. */
function addedTo(plain: readonly Line[], drawn: readonly Line[]): Line[] {
  return drawn.filter((line) => !plain.some((own) => isOneRow(own, line) && isOver(own, line)));
}

/** Whether two lines overlap by more than half of the width of the shorter one. */
function isOver(one: Line, other: Line): boolean {
  const width = Math.min(one.right - one.left, other.right - other.left);
  return 2 * (Math.min(one.right, other.right) - Math.max(one.left, other.left)) > width;
}

function isSame(one: Line | undefined, other: Line | undefined): boolean {
  return one?.text === other?.text && one?.left === other?.left && one?.baseline === other?.baseline;
}

function inRows(one: Line, other: Line): number {
  return isOneRow(one, other) ? one.left - other.left : other.baseline - one.baseline;
}

function isOneRow(one: Line, other: Line): boolean {
  return Math.abs(one.baseline - other.baseline) < SAME_ROW_EM * Math.min(one.size, other.size);
}

/** Inserts the value of a form field into the lines. */
function place(lines: Line[], value: Line): void {
  const row = lines.map((line, index) => ({ line, index })).filter(({ line }) => isOneRow(line, value));
  const before = row.filter(({ line }) => line.right <= value.left + 0.5 * value.size);
  if (before.length > 0) {
    const { line, index } = before.reduce((best, one) => (one.line.right > best.line.right ? one : best));
    // Keeps at least the width of a blank between the label and its value.
    const left = Math.max(value.left, line.right + 0.5 * line.size);
    lines.splice(index + 1, 0, {
      ...value,
      left,
      right: Math.max(left, value.right),
      baseline: line.baseline,
      size: line.size,
    });
    return;
  }
  const behind = row.filter(({ line }) => line.left >= value.right - 0.5 * value.size);
  if (behind.length > 0) {
    const { line, index } = behind.reduce((best, one) => (one.line.left < best.line.left ? one : best));
    const right = Math.min(value.right, line.left - 0.5 * line.size);
    lines.splice(index, 0, {
      ...value,
      left: Math.min(value.left, right),
      right,
      baseline: line.baseline,
      size: line.size,
    });
    return;
  }
  lines.splice(placeIn(lines, value), 0, value);
}

/**
 * The index at which the value of a form field is inserted if no line is in its row: after the nearest line above it in
 * its column; if there is none, before the first line below it.
 */
function placeIn(lines: readonly Line[], value: Line): number {
  let above = -1;
  lines.forEach((line, index) => {
    if (line.size === 0 || line.baseline <= value.baseline || line.left > value.right || line.right < value.left)
      return;
    if (above < 0 || line.baseline <= (lines[above] as Line).baseline) above = index;
  });
  if (above >= 0) return above + 1;
  const below = lines.findIndex(({ size, baseline }) => size > 0 && baseline < value.baseline);
  return below < 0 ? lines.length : below;
}
