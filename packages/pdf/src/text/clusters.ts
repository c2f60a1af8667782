import { nearestOf } from "./nearest.ts";
import type { PlacedSign } from "./right-to-left.ts";

/*
 * Finds the letter of each sign in scripts with clusters. Signs above and below a letter are drawn separately when the
 * font cannot place them. PDFium then puts them after later letters, with false gaps. The position of a sign shows the
 * letter it belongs to.
 */

/** Scripts whose letters are drawn in clusters: Indic ones, Thai, Lao, Tibetan, Burmese, Khmer. */
export const CLUSTERED = /[\u0900-\u109f\u1780-\u17ff]/;
/** A sign without a width of its own. Subscript letters of Khmer and Burmese begin with such a sign. */
export const MARK = /^\p{Mn}/u;
/**
 * How far the middle of a mark may be from its letter, in ems. `BEHIND_EM` applies to the letter before the mark, where
 * most marks are drawn.
 */
const BESIDE_EM = 0.12;
const BEHIND_EM = 0.3;
/** A letter at least this far to the left of the letter before it, in ems, is out of order. */
const BACK_EM = 0.6;
/** Where PDFium made no blank, a gap of ink wider than this, in ems, separates two words. */
const BLANK_EM = 0.25;

/** A character of a line. */
export interface ClusterSign extends PlacedSign {
  /** For a blank made by PDFium: the gap in ems from which it is real. 0 for a drawn blank. */
  readonly madeFrom: number;
}

/** One glyph or cluster with all of its letters. */
interface Cluster {
  text: string;
  readonly left: number;
  readonly right: number;
  readonly x: number;
  marks: string;
  /** The gap from which there is a blank before the cluster. */
  blankEm: number;
}

/**
 * The text of a left-to-right line with each sign at its letter, and the widths of its blanks. Undefined when the signs
 * are in place already. `size`: the size of the type, in the unit of the positions. `cellEm`: the least gap between
 * cells.
 */
export function inClusterOrder(
  signs: readonly ClusterSign[],
  { size, cellEm }: { readonly size: number; readonly cellEm: number },
): { readonly text: string; readonly gaps: readonly number[] } | undefined {
  const clusters = clustersOf(signs);
  const letters = clusters.filter((one) => !isMark(one));
  const nearest = nearestOf(
    letters.filter(({ text }) => text.trim() !== ""),
    (one) => one.left,
    (one) => one.right,
  );
  let [isMoved, afterMoved] = [false, false];
  let last: Cluster | undefined;
  for (const one of clusters) {
    if (!isMark(one)) {
      isMoved ||= last !== undefined && one.x < last.x - BACK_EM * size;
      if (afterMoved) one.blankEm = BLANK_EM;
      [last, afterMoved] = [one, false];
      continue;
    }
    const owner = ownerOf(one, last, nearest, size);
    if (owner === undefined) return undefined;
    if (owner !== last) [isMoved, afterMoved] = [true, true];
    owner.marks += one.text;
  }
  if (!isMoved) return undefined;
  const text: string[] = [];
  let end = Number.NaN;
  const gaps: number[] = [];
  for (const { text: letter, marks, left, right, blankEm } of letters.toSorted((one, other) => one.x - other.x)) {
    if (letter.trim() === "") {
      text.push(letter + marks);
      continue;
    }
    const gap = left - end;
    const isBlank = text.at(-1)?.trim() === "" || gap > blankEm * size;
    if (isBlank) gaps.push(gap);
    if (isBlank || gap > cellEm * size) {
      while (text.at(-1)?.trim() === "") text.pop();
      text.push(gap > cellEm * size ? "\t" : " ");
    }
    text.push(letter + marks);
    end = right;
  }
  return { text: text.join(""), gaps };
}

const isMark = ({ text }: Cluster): boolean => MARK.test(text);

/** Groups signs into clusters: the letters of one glyph have the same position. */
function clustersOf(signs: readonly ClusterSign[]): Cluster[] {
  const clusters: Cluster[] = [];
  let made = 0;
  for (const { text, left, right, x, madeFrom } of signs) {
    const last = clusters.at(-1);
    if (madeFrom > 0) made = madeFrom;
    else if (made === 0 && last && last.x === x && (last.left === left || last.right === left)) {
      last.text += text;
    } else {
      clusters.push({ text, left, right, x, marks: "", blankEm: made || BLANK_EM });
      made = 0;
    }
  }
  return clusters;
}

/** The cluster that a mark belongs to: the one before it, if that is near enough. */
function ownerOf(
  mark: Cluster,
  before: Cluster | undefined,
  nearest: (point: number) => Cluster | undefined,
  size: number,
): Cluster | undefined {
  const middle = (mark.left + mark.right) / 2;
  const away = ({ left, right }: Cluster): number => Math.max(left - middle, middle - right, 0);
  const reach = before && middle > before.left ? BEHIND_EM : BESIDE_EM;
  // A blank has no marks, but a mark of the letter beside it may reach over the blank.
  if (before && before.text.trim() !== "" && away(before) <= reach * size) return before;
  const other = nearest(middle);
  return other && away(other) <= BESIDE_EM * size ? other : before;
}
