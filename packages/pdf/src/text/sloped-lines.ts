import { MAX_REORDERED, type PlacedSign } from "./right-to-left.ts";
import { CELL_GAP_EM } from "./space.ts";

/*
 * In Nastaliq, the style in which Urdu is written, each word descends to the baseline letter by letter. PDFium takes
 * many of these steps for line ends, and returns one line in several parts. This file finds the parts of such a sloped
 * line.
 */

/**
 * In ems. Within a sloped line, neighbouring letters differ by less than this in their height above the bottom of the
 * page. Separate lines are farther apart.
 */
const STEP_EM = 1;
/**
 * Parts of a page's text that are beside each other count as one sloped line only if the lowest and the highest of
 * their baselines differ by more than this, in ems. Otherwise each part stays a line of its own.
 */
const LEVEL_EM = 0.1;
/** Two font sizes count as equal if their difference, divided by one of them, is at most this. */
const LIKE_SIZE = 0.1;
/** The letters of a sloped line get positions, in the order of drawing, that are at least this many ems apart. */
const NEXT_EM = 0.05;
/**
 * If a letter is more than this many ems to the left of the letter drawn before it, the order of drawing is not the
 * order of the letters.
 */
const BACK_EM = 0.9;
/** In ems. If two parts (see `LinePart`) overlap horizontally by more than this, they are lines one above the other. */
const OVER_EM = 0.5;

/**
 * The position of the first or the last letter of a part (see `LinePart`), in points from the left and from the bottom.
 */
export interface PartEnd {
  readonly left: number;
  readonly right: number;
  readonly baseline: number;
  readonly size: number;
}
type Ends = readonly [PartEnd, PartEnd];

/**
 * A part of the page's text between two line ends: a whole line, or a step of a sloped line. `start` and `end` are
 * indexes in this text.
 */
export interface LinePart {
  readonly start: number;
  readonly end: number;
  /** The first and the last letter of the part; left out if the position of one is unknown. */
  readonly ends?: Ends | undefined;
  readonly rtl: boolean;
}

/** Groups the parts of a page: parts that may be steps of one sloped line are together, any other part is alone. */
export function bySlopedLine(parts: readonly LinePart[]): LinePart[][] {
  const lines: LinePart[][] = [];
  for (const part of parts) {
    const line = lines.at(-1);
    const isLong = line !== undefined && part.end - line[0]!.start > MAX_REORDERED;
    if (line && !isLong && isBeside(line.at(-1)!, part)) line.push(part);
    else lines.push([part]);
  }
  return lines.flatMap((line) => (isSloped(line) ? [line] : line.map((part) => [part])));
}

function isSloped(line: readonly LinePart[]): boolean {
  const ends = line.flatMap((part) => part.ends ?? []);
  const heights = ends.map(({ baseline }) => baseline);
  return line.length > 1 && Math.max(...heights) - Math.min(...heights) > LEVEL_EM * (ends[0]?.size ?? 0);
}

/**
 * Whether two parts may be steps of one right-to-left line: they are side by side, in either order, have the same font
 * size, and have letters that are less than STEP_EM ems apart in height.
 */
function isBeside({ ends: one, rtl }: LinePart, { ends: other, rtl: otherRtl }: LinePart): boolean {
  if (!one || !other || !(rtl || otherRtl)) return false;
  const { size } = one[0];
  if (Math.abs(size - other[0].size) > LIKE_SIZE * size) return false;
  return gapBetween(one, other) <= CELL_GAP_EM * size && heightBetween(one, other) < STEP_EM * size;
}

/**
 * Whether parts may be lines one above the other, because they overlap horizontally. The steps of a word may overlap,
 * too, so this function is called only if the order of drawing does not show the order of the letters.
 */
export function areStacked(parts: readonly LinePart[]): boolean {
  const placed = parts.flatMap(({ ends }) => (ends ? [ends] : []));
  let reached = -Infinity;
  for (const ends of placed.toSorted((one, other) => leftOf(one) - leftOf(other))) {
    const over = Math.min(reached, rightOf(ends)) - leftOf(ends);
    if (over > OVER_EM * ends[0].size) return true;
    reached = Math.max(reached, rightOf(ends));
  }
  return false;
}

/** The horizontal gap between two parts of a line, whichever is the left one; negative if they overlap. */
const gapBetween = (one: Ends, other: Ends): number =>
  Math.max(leftOf(other) - rightOf(one), leftOf(one) - rightOf(other));
const leftOf = ([first, last]: Ends): number => Math.min(first.left, last.left);
const rightOf = ([first, last]: Ends): number => Math.max(first.right, last.right);
const heightBetween = (one: Ends, other: Ends): number =>
  Math.min(...one.flatMap((end) => other.map(({ baseline }) => Math.abs(baseline - end.baseline))));

/** A character of a sloped line. `order`: which place the drawn object of the character has in the order of drawing. */
export interface DrawnSign extends PlacedSign {
  readonly order: number;
}

/**
 * Whether two objects that are drawn one after the other overlap horizontally, each with several letters. Then `signs`
 * are not one line.
 */
export function isDrawnOver(signs: readonly DrawnSign[], size: number): boolean {
  const ink = signs.filter(({ text }) => text.trim() !== "").toSorted((one, other) => one.order - other.order);
  const runs = [...Map.groupBy(ink, ({ order }) => order).values()].map((run) => ({
    isOne: run.every(({ x }) => x === run[0]!.x),
    left: Math.min(...run.map(({ left }) => left)),
    right: Math.max(...run.map(({ right }) => right)),
  }));
  return runs.some((run, at) => {
    const next = runs[at + 1];
    // Only overlaps of two objects with several letters count: within a sloped line, a single letter may overlap
    // another one.
    if (next === undefined || run.isOne || next.isOne) return false;
    return Math.min(run.right, next.right) - Math.max(run.left, next.left) > OVER_EM * size;
  });
}

/**
 * Returns the characters of a sloped line in the order of drawing, with an `x` that increases in this order. (The real
 * `x` may decrease: a letter may be above or below the next one.) Returns undefined if a character was drawn far to the
 * left of the character before it: then the order of drawing is not the order of the letters. `hasBlank`: whether a
 * blank is drawn between two places in the order of drawing.
 */
export function inDrawnOrder(
  signs: readonly DrawnSign[],
  size: number,
  hasBlank: (one: number, other: number) => boolean,
): PlacedSign[] | undefined {
  // A blank without a width is one that PDFium has made between two letters of a word: it is not real.
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
    const place = (signs: ReadonlyArray<Pick<PlacedSign, "text" | "left" | "right">>): void => {
      x = Math.max(x + NEXT_EM * size, first.x);
      for (const { text, left, right } of signs) placed.push({ text, index: placed.length, x, left, right });
    };
    if (before && hasBlank(before.order, first.order))
      place([{ text: " ", left: first.x, right: first.x + NEXT_EM * size }]);
    place(glyph);
    before = first;
  }
  return placed;
}

/**
 * The baseline of a sloped line: the most frequent height of its letters. The last letters of its words are at this
 * height.
 */
export function commonBaseline(baselines: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const baseline of baselines) {
    const height = Math.round(baseline * 10) / 10;
    counts.set(height, (counts.get(height) ?? 0) + 1);
  }
  const [[common] = [0]] = [...counts].toSorted((one, other) => other[1] - one[1]);
  return common;
}
