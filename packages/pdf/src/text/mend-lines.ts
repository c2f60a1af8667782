import type { Line } from "./layout.ts";
import { RTL } from "./right-to-left.ts";

/** Pieces of text are in one line if their baselines differ by at most this many ems. */
const SAME_BASELINE_EM = 0.1;
/** Pieces of text in one line may overlap by at most this many ems. */
const OVERLAP_EM = 0.3;
/**
 * In ems. A gap narrower than WORD_EM is within a word. A gap of at least CELL_EM separates cells. A gap between these
 * is a blank.
 */
const WORD_EM = 0.3;
const CELL_EM = 1.1;
/**
 * A raised or lowered index is smaller than its line by at least this factor. Its baseline is higher than that of the line
 * by at most RAISED_EM ems, or lower by at most LOWERED_EM ems. It is at most INDEX_GAP_EM ems away from the line.
 */
const [INDEX_SIZE, RAISED_EM, LOWERED_EM, INDEX_GAP_EM] = [0.85, 0.6, 0.35, 0.15] as const;
/** An index has at most this many characters. */
const MAX_INDEX = 6;
/** Two lines with the same text are one line that was drawn twice if they are at most this many points apart. */
const SAME_PLACE = 1;

/**
 * Joins the pieces of text that belong to one line, and drops lines that were drawn repeatedly. Keeps the order.
 * `cells`: the cells of a row stay separate lines.
 */
export function mendLines(lines: readonly Line[], { cells } = { cells: false }): Line[] {
  const known: KnownLines = new Map();
  const mended: Line[] = [];
  // The line that ends with an index, if the last line does.
  let indexed: Line | undefined;
  for (const line of lines) {
    if (isRepeated(known, line)) continue;
    const last = mended.at(-1);
    const withIndex = last && joinedIndex(last, line);
    const joined =
      withIndex ?? (last && joinedPieces(last, line, { cells, wordEm: last === indexed ? INDEX_GAP_EM : WORD_EM }));
    indexed = withIndex;
    if (joined) mended[mended.length - 1] = joined;
    else mended.push(line);
  }
  return mended;
}

/** By text, and by the square of SAME_PLACE points in which a line begins: the line. */
type KnownLines = Map<string, Map<string, Line>>;

/** Whether a line repeats a known one: shadows, for example, are made by drawing a text several times at one place. */
function isRepeated(known: KnownLines, line: Line): boolean {
  if (line.right <= line.left) return false;
  const text = line.text.trim();
  const [x, y] = [Math.floor(line.left / SAME_PLACE), Math.floor(line.baseline / SAME_PLACE)];
  const same = known.get(text);
  if (same === undefined) {
    known.set(text, new Map([[`${x} ${y}`, line]]));
    return false;
  }
  const isNear = (other: Line | undefined): boolean =>
    other !== undefined &&
    Math.abs(other.left - line.left) <= SAME_PLACE &&
    Math.abs(other.baseline - line.baseline) <= SAME_PLACE;
  for (const right of [0, -1, 1])
    for (const up of [0, -1, 1]) if (isNear(same.get(`${x + right} ${y + up}`))) return true;
  same.set(`${x} ${y}`, line);
  return false;
}

/**
 * Joins two neighbouring pieces of text; undefined if they do not belong to one line. If each letter is drawn
 * separately, PDFium may end a line between two letters of one line.
 */
function joinedPieces(
  one: Line,
  other: Line,
  { cells, wordEm }: { readonly cells: boolean; readonly wordEm: number },
): Line | undefined {
  const em = Math.max(one.size, other.size);
  if (Math.min(one.size, other.size) < 0.5 * em || em === 0) return undefined;
  if (Math.abs(one.baseline - other.baseline) > SAME_BASELINE_EM * em) return undefined;
  const gap = other.left - one.right;
  if (gap < -OVERLAP_EM * em || RTL.test(one.text) || RTL.test(other.text)) return undefined;
  if (cells && gap >= CELL_EM * em) return undefined;
  const isWithinWord = gap < wordEm * em && !/\s$/.test(one.text) && !/^\s/.test(other.text);
  const between = isWithinWord ? "" : gap < CELL_EM * em ? " " : "\t";
  const { size, baseline } = one.size >= other.size ? one : other;
  return {
    text: one.text.trimEnd() + between + other.text.trimStart(),
    left: one.left,
    right: other.right,
    size,
    baseline,
    ...(other.hyphenApart && { hyphenApart: true }),
    ...(one.words && other.words && { words: [...one.words, ...other.words] }),
    ...(one.bold !== undefined && {
      bold: one.bold && other.bold === true,
      mono: one.mono === true && other.mono === true,
    }),
  };
}

/**
 * Joins an index, such as the 2 of m², to the piece of text before it; undefined if it is no index of this piece. PDFium
 * ends a line before an index that does not overlap it in height.
 */
function joinedIndex(one: Line, other: Line): Line | undefined {
  const em = one.size;
  if (em === 0 || other.size === 0 || other.size > INDEX_SIZE * em || other.size < 0.4 * em) return undefined;
  const raised = other.baseline - one.baseline;
  if (raised > RAISED_EM * em || raised < -LOWERED_EM * em) return undefined;
  const gap = other.left - one.right;
  const index = other.text.trim();
  if (gap > INDEX_GAP_EM * em || gap < -INDEX_GAP_EM * em || index.length > MAX_INDEX || /\s/.test(index))
    return undefined;
  if (/\s$/.test(one.text) || RTL.test(one.text) || RTL.test(index)) return undefined;
  return { ...one, text: one.text + other.text.trimStart(), right: other.right, words: undefined };
}
