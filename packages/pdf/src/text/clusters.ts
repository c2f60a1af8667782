import { nearestOf } from "./nearest.ts";
import type { PlacedSign } from "./right-to-left.ts";

/*
 * Finds the letter of each sign in scripts with clusters. A cluster is a letter with the signs above and below it. If
 * the font cannot place the signs, they are drawn separately; PDFium then puts them after later letters, with false
 * gaps. The position of a sign shows to which letter it belongs.
 */

/** The characters of scripts with clusters: Indic ones, Thai, Lao, Tibetan, Burmese, Khmer. */
export const CLUSTERED = /[\u0900-\u109f\u1780-\u17ff]/;
/** The characters of scripts without blanks between words: Thai, Lao, Burmese, Khmer. */
export const PHRASED = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]/;
/**
 * Matches a text that begins with a combining mark: a sign without a width of its own. Subscript letters of Khmer and
 * Burmese begin with one.
 */
export const MARK = /^\p{Mn}/u;
/**
 * How many ems the middle of a combining mark may be away from its letter. `BEHIND_EM` applies to the letter before the
 * mark, after which most marks are drawn.
 */
const BESIDE_EM = 0.12;
const BEHIND_EM = 0.3;
/** A letter is out of order if it is at least this many ems to the left of the letter before it. */
const BACK_EM = 0.6;
/** Where PDFium made no blank, a gap of more than this many ems between the ink of two letters separates words. */
const BLANK_EM = 0.25;

/** A character of a line in a script with clusters. */
export interface ClusterSign extends PlacedSign {
  /**
   * For a blank that PDFium made from a gap: how many ems wide the gap must be for the blank to be real. 0 for any
   * other character.
   */
  readonly madeFrom: number;
}

/** A glyph or cluster, with all its letters. */
interface Cluster {
  text: string;
  readonly left: number;
  readonly right: number;
  readonly x: number;
  marks: string;
  /** How many ems wide the gap before the cluster must be to be a blank. */
  blankEm: number;
}

/**
 * The text of a left-to-right line, with each sign after its letter, and the widths of its blanks. Returns undefined
 * when the signs are in order already. `size`: the size of the type, in the unit of the positions. `cellEm`: from how
 * many ems on a gap separates cells.
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

/**
 * The cluster to which a combining mark belongs: the cluster before the mark if that is near enough, otherwise the
 * nearest cluster.
 */
function ownerOf(
  mark: Cluster,
  before: Cluster | undefined,
  nearest: (point: number) => Cluster | undefined,
  size: number,
): Cluster | undefined {
  const middle = (mark.left + mark.right) / 2;
  const away = ({ left, right }: Cluster): number => Math.max(left - middle, middle - right, 0);
  const reach = before && middle > before.left ? BEHIND_EM : BESIDE_EM;
  // A blank has no marks; the mark belongs to a letter beside the blank.
  if (before && before.text.trim() !== "" && away(before) <= reach * size) return before;
  const other = nearest(middle);
  return other && away(other) <= BESIDE_EM * size ? other : before;
}
