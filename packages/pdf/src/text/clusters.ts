import { nearestOf } from "./nearest.ts";
import type { Extent } from "./styled.ts";
import type { PlacedSign } from "./right-to-left.ts";

/*
 * In some scripts, a letter forms a cluster with the signs above, below and beside it. If a font cannot place these
 * signs, programs draw them separately, and PDFium returns them after a later letter, with blanks that are not real.
 * This file finds the letter of each sign by the sign's position.
 */

/** Matches a character of a script with clusters: the scripts of India, Thai, Lao, Tibetan, Burmese, Khmer. */
export const CLUSTERED = /[\u0900-\u109f\u1780-\u17ff]/;
/** Matches a character of a script without blanks between words: Thai, Lao, Burmese, Khmer. */
export const PHRASED = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]/;
/**
 * Matches a text that begins with a combining mark: a character without a width of its own. Subscript letters of Khmer
 * and Burmese begin with one.
 */
export const MARK = /^\p{Mn}/u;
const ALL_MARKS = /^\p{Mn}+$/u;
/**
 * How far the middle of a combining mark may be from its letter, in ems. BEHIND_EM holds for the letter before the
 * mark, after which most marks are drawn, if the mark is to the right of this letter's left edge. BESIDE_EM holds
 * otherwise.
 */
const BESIDE_EM = 0.12;
const BEHIND_EM = 0.3;
/** A letter is out of order if it is more than this many ems to the left of the letter before it. */
const BACK_EM = 0.6;
/** Where PDFium made no blank, a gap of more than this many ems between the ink of two letters separates words. */
export const BLANK_EM = 0.25;

export interface ClusterSign extends PlacedSign {
  /**
   * For a blank that PDFium made from a gap: how many ems wide the gap must be for the blank to be real. 0 for any
   * other character.
   */
  readonly madeFrom: number;
}

/**
 * A glyph with all its characters: a letter, a combining mark or a blank. `marks`: the combining marks that belong to
 * it.
 */
interface Cluster {
  text: string;
  readonly left: number;
  right: number;
  readonly x: number;
  marks: string;
  /** Whether PDFium made a blank before the cluster. */
  readonly afterMade: boolean;
  /** How many ems wide the gap before the cluster must be to be a blank. */
  blankEm: number;
}

/**
 * Puts each combining mark of a left-to-right line after its letter. Returns the text, the widths of its blanks, and where
 * its tabs are; or undefined if the marks were in order already. `size`: the font size, in the unit of the positions.
 * `cellEm`: a gap that is wider than this many ems separates cells.
 */
export function inClusterOrder(
  signs: readonly ClusterSign[],
  { size, cellEm }: { readonly size: number; readonly cellEm: number },
): { readonly text: string; readonly gaps: readonly number[]; readonly tabs: readonly Extent[] } | undefined {
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
    // A font may have a sign with a letter behind it as one glyph, for example Thai's tone mark with its vowel am.
    if (!ALL_MARKS.test(one.text)) owner.right = Math.max(owner.right, one.right);
  }
  if (!isMoved) return undefined;
  const text: string[] = [];
  let [end, before] = [Number.NaN, ""];
  const gaps: number[] = [];
  const tabs: Extent[] = [];
  for (const one of letters.toSorted((first, second) => first.x - second.x)) {
    const { text: letter, marks, left, right } = one;
    if (letter.trim() === "") {
      text.push(letter + marks);
      continue;
    }
    const gap = left - end;
    // PDFium leaves out blanks only beside letters of these scripts.
    const least = one.afterMade || CLUSTERED.test(before + letter) ? one.blankEm : cellEm;
    const isBlank = text.at(-1)?.trim() === "" || gap > least * size;
    if (isBlank) gaps.push(gap);
    if (gap > cellEm * size) tabs.push({ left: end, right: left });
    if (isBlank || gap > cellEm * size) {
      while (text.at(-1)?.trim() === "") text.pop();
      text.push(gap > cellEm * size ? "\t" : " ");
    }
    text.push(letter + marks);
    [end, before] = [right, letter];
  }
  return { text: text.join(""), gaps, tabs };
}

const isMark = ({ text }: Cluster): boolean => MARK.test(text);

/**
 * Groups the characters of each glyph: they have the same position. Leaves out blanks that PDFium has made from gaps.
 */
function clustersOf(signs: readonly ClusterSign[]): Cluster[] {
  const clusters: Cluster[] = [];
  let made = 0;
  for (const { text, left, right, x, madeFrom } of signs) {
    const last = clusters.at(-1);
    if (madeFrom > 0) made = madeFrom;
    else if (made === 0 && last && last.x === x && (last.left === left || last.right === left)) {
      last.text += text;
    } else {
      clusters.push({ text, left, right, x, marks: "", afterMade: made > 0, blankEm: made || BLANK_EM });
      made = 0;
    }
  }
  return clusters;
}

/**
 * Returns the cluster to which a combining mark belongs: the cluster before the mark, unless that is a blank or too far
 * away, and another cluster is near enough; then the nearest one that is no blank.
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
  // A blank has no marks, so a mark after a blank belongs to a letter beside it.
  if (before && before.text.trim() !== "" && away(before) <= reach * size) return before;
  const other = nearest(middle);
  return other && away(other) <= BESIDE_EM * size ? other : before;
}
