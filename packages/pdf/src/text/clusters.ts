import { nearestOf } from "./nearest.ts";
import type { PlacedSign } from "./right-to-left.ts";

/*
 * Signs above and below a letter are drawn by themselves where a font cannot place them, or by another move of the pen:
 * PDFium then puts them behind later letters, with gaps that are none. Where they stand says which letter they belong to.
 */

/** Scripts whose letters are drawn in clusters: Indic ones, Thai, Lao, Tibetan, Burmese, Khmer. */
export const CLUSTERED = /[\u0900-\u109f\u1780-\u17ff]/;
/** A sign that takes no room of its own. Khmer's and Burmese's lower letters begin with such a one. */
export const MARK = /^\p{Mn}/u;
/** How far the middle of a mark may stand beside its letter, in ems; behind the one before it, where it is drawn most often, farther. */
const BESIDE_EM = 0.12;
const BEHIND_EM = 0.3;
/** A letter that stands this far before the one that it follows is out of its order, in ems. */
const BACK_EM = 0.6;
/** Where PDFium made no blank, ink of two words is farther apart than this, in ems. */
const BLANK_EM = 0.25;

/** A character of a line. */
export interface ClusterSign extends PlacedSign {
  /** Of a blank that PDFium has made: it is one from this gap on, in ems. 0: not made. */
  readonly madeFrom: number;
}

/** One glyph or cluster with all of its letters. */
interface Cluster {
  text: string;
  readonly left: number;
  readonly right: number;
  readonly x: number;
  marks: string;
  /** From which gap on a blank is before it. */
  blankEm: number;
}

/**
 * The text of a left-to-right line with its signs at the letters that they are drawn at, and how wide its blanks are;
 * undefined where they are there already. `size`: of its type, in the unit of the places. `cellEm`: cells are so far apart.
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

/** Letters of one glyph have one place. */
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

/** The letter that a mark stands at: the one before it, when it does. */
function ownerOf(
  mark: Cluster,
  before: Cluster | undefined,
  nearest: (point: number) => Cluster | undefined,
  size: number,
): Cluster | undefined {
  const middle = (mark.left + mark.right) / 2;
  const away = ({ left, right }: Cluster): number => Math.max(left - middle, middle - right, 0);
  const reach = before && middle > before.left ? BEHIND_EM : BESIDE_EM;
  // A blank has no marks, but one may reach over it from the letter beside it.
  if (before && before.text.trim() !== "" && away(before) <= reach * size) return before;
  const other = nearest(middle);
  return other && away(other) <= BESIDE_EM * size ? other : before;
}
