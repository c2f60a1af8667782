import type { PlacedSign } from "./right-to-left.ts";

/*
 * Finds the pieces of a right-to-left line whose letters stand at different heights. In Nastaliq, the style in which
 * Urdu is written, each word descends to the baseline letter by letter. PDFium takes many of these steps for line ends.
 */

/** The next piece of a line begins at most this far from the end of the piece before, in ems. */
const BESIDE_EM = 1.1;
/** By how many ems neighbouring letters of a line differ in height at most. Two lines are farther apart than this. */
const STEP_EM = 1;
/**
 * Neighbouring pieces of text are joined as a sloped line if the baselines of their end letters differ by more than
 * this, in ems.
 */
const LEVEL_EM = 0.1;
/** Types whose sizes differ by less than this part count as equally large. */
const LIKE_SIZE = 0.1;
/** The least distance, in ems, between two letters that are placed in the order of drawing. */
const NEXT_EM = 0.05;
/** If a line goes back by more than this, in ems, its letters are not drawn in the order in which they stand. */
const BACK_EM = 1.5;
/** Lines with more characters than this are not joined; people do not write such lines. */
const MAX_JOINED = 20_000;

/** The position of a letter at an end of a piece of text, in points from the left and from the bottom. */
export interface PieceEnd {
  readonly left: number;
  readonly right: number;
  readonly baseline: number;
  readonly size: number;
}
type Ends = readonly [PieceEnd, PieceEnd];

/** A part of the page's text between two line ends. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  /** The first and last letter of the piece of text; left out when their positions are unknown. */
  readonly ends?: Ends | undefined;
  readonly rtl: boolean;
}

export interface JoinedPiece {
  readonly start: number;
  readonly end: number;
  /** Whether the piece of text was joined of several pieces, with letters at different heights. */
  readonly sloped: boolean;
}

/** The pieces of the page, with those of each sloped line joined. */
export function joinSloped(pieces: readonly Piece[]): JoinedPiece[] {
  const runs: Piece[][] = [];
  for (const piece of pieces) {
    const run = runs.at(-1);
    const isLong = run !== undefined && piece.end - run[0]!.start > MAX_JOINED;
    if (run && !isLong && isBeside(run.at(-1)!, piece)) run.push(piece);
    else runs.push([piece]);
  }
  return runs.flatMap((run): JoinedPiece[] => {
    if (!isSloped(run)) return run.map(({ start, end }) => ({ start, end, sloped: false }));
    return [{ start: run[0]!.start, end: run.at(-1)!.end, sloped: true }];
  });
}

function isSloped(run: readonly Piece[]): boolean {
  const ends = run.flatMap((piece) => piece.ends ?? []);
  const heights = ends.map(({ baseline }) => baseline);
  return run.length > 1 && Math.max(...heights) - Math.min(...heights) > LEVEL_EM * (ends[0]?.size ?? 0);
}

/**
 * Whether two pieces of text stand beside each other, in either order, no farther up or down than letters of one line.
 */
function isBeside({ ends: one, rtl }: Piece, { ends: other, rtl: otherRtl }: Piece): boolean {
  if (!one || !other || !(rtl || otherRtl)) return false;
  const { size } = one[0];
  if (Math.abs(size - other[0].size) > LIKE_SIZE * size) return false;
  const gap = Math.max(leftOf(other) - rightOf(one), leftOf(one) - rightOf(other));
  return gap <= BESIDE_EM * size && heightBetween(one, other) < STEP_EM * size;
}

const leftOf = ([first, last]: Ends): number => Math.min(first.left, last.left);
const rightOf = ([first, last]: Ends): number => Math.max(first.right, last.right);
const heightBetween = (one: Ends, other: Ends): number =>
  Math.min(...one.flatMap((end) => other.map(({ baseline }) => Math.abs(baseline - end.baseline))));

/** A sign of a sloped line, and when it was drawn. Signs that are drawn together have the same order. */
export interface DrawnSign extends PlacedSign {
  readonly order: number;
}

/**
 * The signs of a sloped line, placed from left to right in the order of drawing, because a letter may stand at the
 * right of the next one, above or below it. Returns undefined if this is not the order in which they stand. `hasBlank`:
 * whether a blank was drawn between two orders.
 */
export function inDrawnOrder(
  signs: readonly DrawnSign[],
  size: number,
  hasBlank: (one: number, other: number) => boolean,
): PlacedSign[] | undefined {
  // A blank without a width is one that PDFium made between two letters of a word.
  const inked = signs.filter(({ text, left, right }) => text.trim() !== "" || right > left);
  const glyphs = [...Map.groupBy(inked, ({ order, x }) => `${order} ${x}`).values()];
  const byOrder = glyphs.toSorted(([one], [other]) => one!.order - other!.order);
  const direction = (byOrder.at(-1)?.[0]?.x ?? 0) >= (byOrder[0]?.[0]?.x ?? 0) ? 1 : -1;
  const drawn = byOrder.sort(([one], [other]) => direction * (one!.order - other!.order) || one!.x - other!.x);
  const placed: PlacedSign[] = [];
  let x = -Infinity;
  let before: DrawnSign | undefined;
  for (const glyph of drawn) {
    const first = glyph[0]!;
    if (before && first.x < before.x - BACK_EM * size) return undefined;
    const place = (left: number, right: number, texts: readonly string[]): void => {
      x = Math.max(x + NEXT_EM * size, first.x);
      for (const text of texts) placed.push({ text, index: placed.length, x, left, right });
    };
    if (before && hasBlank(before.order, first.order)) place(first.x, first.x + NEXT_EM * size, [" "]);
    const texts = glyph.map(({ text }) => text);
    place(Math.min(...glyph.map(({ left }) => left)), Math.max(...glyph.map(({ right }) => right)), texts);
    before = first;
  }
  return placed;
}

/** The baseline of a sloped line: the height at which most of its letters stand, as the last ones of words do. */
export function commonBaseline(baselines: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const baseline of baselines) {
    const height = Math.round(baseline * 10) / 10;
    counts.set(height, (counts.get(height) ?? 0) + 1);
  }
  const [[common] = [0]] = [...counts].toSorted((one, other) => other[1] - one[1]);
  return common;
}
