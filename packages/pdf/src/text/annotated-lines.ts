import type { Line } from "./layout.ts";
import { withNames, type Guesses } from "./second-names.ts";

/**
 * Two lines are in one row if their baselines differ by less than this many ems: the value in a form field is a little
 * higher or lower than its label.
 */
const SAME_ROW_EM = 0.8;
/**
 * After annotations were drawn into a page, up to this many of its own lines may be missing. If more are missing, and
 * more than half of all lines, PDFium now reads the letters of the page in another way.
 */
const MAX_GONE = 3;

/**
 * Returns the lines of a page with the text of its annotations. A field's value comes after its label in the same row,
 * or, without such a label, where the field is; notes come last. `plain`: the lines without annotations. `drawn`: the
 * lines after annotations were drawn into the page.
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

/**
 * Lines in which marks take the place of unnamed letters (their font does not state which letters they are), and
 * PDFium's guesses for these letters.
 */
interface MarkedLines {
  readonly lines: readonly Line[];
  readonly guesses: Guesses;
}

/**
 * Drawing the annotations may change how PDFium reads the letters of a page. Then the same mark stands for different
 * letters in `plain` and in `drawn`, so this function replaces the marks in both by letters, with the help of `other`,
 * another PDF engine's text of the page. Otherwise the marks stay, and their guesses are returned.
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
 * The text that only the annotations have: the lines of `drawn` that are neither in `plain` nor in `other`, another PDF
 * engine's text of the page without annotations. The returned lines have no positions.
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
 * Splits `drawn` in two: the lines at its beginning that equal the lines of `plain`, and the rest, which comes from
 * annotations.
 */
function afterSame(plain: readonly Line[], drawn: readonly Line[]): [Line[], Line[]] {
  let same = 0;
  while (same < plain.length && isSame(plain[same], drawn[same])) same++;
  return [drawn.slice(0, same), drawn.slice(same)];
}

/**
 * Whether drawing the annotations has changed how PDFium reads the page's own letters: after the drawing, PDFium no
 * longer finds the names of the letters in some fonts.
 */
function areChanged(plain: readonly Line[], drawn: readonly Line[]): boolean {
  const known = new Set(drawn.map(({ text }) => text));
  const gone = plain.filter(({ text }) => !known.has(text)).length;
  return gone > MAX_GONE && 2 * gone > plain.length;
}

/** The lines of `drawn` that are at places where `plain` has no line. */
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
 * The index at which a field's value is inserted if its row has no line: after the nearest line above it in the same
 * column; otherwise before the first line below it; otherwise at the end.
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
