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
const [RAISED_DIGITS, LOWERED_DIGITS] = [
  "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079",
  "\u2080\u2081\u2082\u2083\u2084\u2085\u2086\u2087\u2088\u2089",
] as const;
/** Two lines with the same text are one line that was drawn twice if they are at most this many points apart. */
const SAME_PLACE = 1;

/**
 * Joins the pieces of text that belong to one line, and drops lines that were drawn repeatedly. Keeps the order.
 * `cells`: the cells of a row stay separate lines.
 */
export function mendLines(lines: readonly Line[], { cells } = { cells: false }): Line[] {
  const known: KnownLines = new Map();
  const runs: Run[] = [];
  for (const line of lines) {
    if (isRepeated(known, line)) continue;
    const last = runs.at(-1);
    if (!last || !(joinIndex(last, line) || join(last, line, cells))) runs.push({ line });
  }
  return runs.map(lineOf);
}

/**
 * Pieces of text that belong to one line. `line`: the line that they make, without its text and words, which are joined
 * at the end: a hostile page may draw ten thousands of letters on one line.
 */
interface Run {
  line: Line;
  pieces?: Line[];
  /** What is between each piece and the next one. */
  between?: string[];
  /** Whether the last piece is an index. */
  indexed?: boolean;
}

function lineOf({ line, pieces, between = [] }: Run): Line {
  if (!pieces) return line;
  const last = pieces.length - 1;
  const texts = pieces.map(({ text }, at) => {
    const begun = at > 0 ? text.trimStart() : text;
    return at < last ? begun.trimEnd() + (between[at] ?? "") : begun;
  });
  const words = pieces.every((piece) => piece.words) ? pieces.flatMap((piece) => piece.words ?? []) : undefined;
  return { ...line, text: texts.join(""), ...(words && { words }) };
}

/**
 * By text: the first line that has it; once there are several, each by the square of SAME_PLACE points in which it
 * begins.
 */
type KnownLines = Map<string, Line | Map<string, Line>>;

/** Whether a line repeats a known one: shadows, for example, are made by drawing a text several times at one place. */
function isRepeated(known: KnownLines, line: Line): boolean {
  if (line.right <= line.left || line.inBlock) return false;
  const text = line.text.trim();
  const found = known.get(text);
  if (found === undefined) {
    known.set(text, line);
    return false;
  }
  const same = found instanceof Map ? found : new Map([[squareOf(found).join(" "), found]]);
  known.set(text, same);
  const isNear = (other: Line | undefined): boolean =>
    other !== undefined &&
    Math.abs(other.left - line.left) <= SAME_PLACE &&
    Math.abs(other.baseline - line.baseline) <= SAME_PLACE;
  const [x, y] = squareOf(line);
  for (const right of [0, -1, 1])
    for (const up of [0, -1, 1]) if (isNear(same.get(`${x + right} ${y + up}`))) return true;
  same.set(`${x} ${y}`, line);
  return false;
}

const squareOf = ({ left, baseline }: Line): [number, number] => [
  Math.floor(left / SAME_PLACE),
  Math.floor(baseline / SAME_PLACE),
];

/**
 * Adds a piece of text to the pieces before it. Returns false if they do not belong to one line. If each letter is drawn
 * separately, PDFium may end a line between two letters of one line.
 */
function join(run: Run, other: Line, cells: boolean): boolean {
  const one = run.line;
  const { text: before } = run.pieces?.at(-1) ?? one;
  const em = Math.max(one.size, other.size);
  if (Math.min(one.size, other.size) < 0.5 * em || em === 0) return false;
  if (Math.abs(one.baseline - other.baseline) > SAME_BASELINE_EM * em) return false;
  const gap = other.left - one.right;
  if (gap < -OVERLAP_EM * em || RTL.test(before) || RTL.test(other.text)) return false;
  if (cells && gap >= CELL_EM * em) return false;
  const wordEm = run.indexed ? INDEX_GAP_EM : WORD_EM;
  const isWithinWord = gap < wordEm * em && !/\s$/.test(before) && !/^\s/.test(other.text);
  add(run, other, isWithinWord ? "" : gap < CELL_EM * em ? " " : "\t");
  run.indexed = false;
  const { size, baseline } = one.size >= other.size ? one : other;
  run.line = {
    text: one.text,
    left: one.left,
    right: other.right,
    size,
    baseline,
    ...(other.hyphenApart && { hyphenApart: true }),
    ...(one.bold !== undefined && {
      bold: one.bold && other.bold === true,
      mono: one.mono === true && other.mono === true,
    }),
  };
  return true;
}

/**
 * Adds an index, such as the 2 of m², to the pieces of text before it. Returns false if it is no index of them. PDFium
 * ends a line before an index that does not overlap it in height.
 */
function joinIndex(run: Run, other: Line): boolean {
  const one = run.line;
  const em = one.size;
  if (em === 0 || other.size === 0 || other.size > INDEX_SIZE * em || other.size < 0.4 * em) return false;
  const raised = other.baseline - one.baseline;
  if (raised > RAISED_EM * em || raised < -LOWERED_EM * em) return false;
  const gap = other.left - one.right;
  const index = other.text.trim();
  if (gap > INDEX_GAP_EM * em || gap < -INDEX_GAP_EM * em || index.length > MAX_INDEX || /\s/.test(index)) return false;
  const { text: before } = run.pieces?.at(-1) ?? one;
  if (/\s$/.test(before) || RTL.test(before) || RTL.test(index)) return false;
  // After a number, an index such as the 3 of 10³ has digits of its own: otherwise it would become a part of the number.
  const digits = raised > 0 ? RAISED_DIGITS : LOWERED_DIGITS;
  const isAfterNumber = Math.abs(raised) > SAME_BASELINE_EM * em && /\d$/.test(before) && /^\d/.test(index);
  const text = isAfterNumber ? other.text.replace(/\d/g, (digit) => digits.charAt(Number(digit))) : other.text;
  add(run, { ...other, text, words: undefined }, "");
  run.line = { ...one, right: other.right, words: undefined };
  run.indexed = true;
  return true;
}

function add(run: Run, piece: Line, between: string): void {
  (run.between ??= []).push(between);
  (run.pieces ??= [run.line]).push(piece);
}
