import { MAX_REORDERED, RTL, type PlacedSign } from "./right-to-left.ts";
import { CELL_GAP_EM } from "./space.ts";
import type { Extent } from "./styled.ts";

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
const LETTER = /\p{L}/u;
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
/** In ems. Runs whose baselines differ by at most this are in one row. */
const ROW_EM = 0.4;
/**
 * A page is in Nastaliq if at least this share of its right-to-left letters are higher or lower than the letter drawn
 * before them. It is 0.27 to 0.6 on pages in Nastaliq, and less than 0.05 on pages with some raised or lowered letters.
 */
const STEPS = 0.15;
/** In ems. The runs of a row overlap by less than this. Runs of one cell are less than this apart. */
const TOUCH_EM = 0.15;

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
 * A part of the page's text between two line ends: a whole line, or letters of one or more sloped lines. `start` and
 * `end` are indexes in this text.
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

/** A character of a page. `part`: which of the page's parts it belongs to. */
export interface PageSign extends DrawnSign {
  readonly baseline: number;
  readonly size: number;
  readonly part: number;
}

/** Characters that are drawn one after the other and beside each other: words, up to the end of a line or of a cell. */
export interface DrawnRun extends Extent {
  readonly signs: readonly PageSign[];
  readonly size: number;
  readonly baseline: number;
  /** The heights of the letters above the bottom of the page, see `heightOf`. */
  readonly heights: ReadonlySet<number>;
}

/** Parts that belong together, and their characters in the order of drawing. */
export interface DrawnGroup {
  readonly parts: readonly LinePart[];
  readonly runs: readonly DrawnRun[];
}

/**
 * Finds parts of a page that belong together: on a sloped line, PDFium may return the letters of one word in several
 * parts, and the letters of several cells and lines in one part. So parts with letters of one run, or of one row, are
 * together. Parts without a sloped run are left out, and all parts of a page whose words are drawn as one object. If the
 * page is not in Nastaliq, parts are left out, too, that have a run for which `isWhole` returns false.
 */
export function byDrawnRun(
  parts: readonly LinePart[],
  signs: readonly PageSign[],
  isWhole: (run: DrawnRun) => boolean,
): DrawnGroup[] {
  if (signs.length > MAX_REORDERED || !areDrawnByLetter(signs)) return [];
  const runs = drawnRuns(signs);
  const { join, of } = createGroups(parts.length);
  runs.forEach((run, at) => {
    for (const { part } of run.signs) join(run.signs[0]!.part, part);
    const before = runs[at - 1];
    if (before && isOneRow(before, run)) join(before.signs[0]!.part, run.signs[0]!.part);
  });
  const isNastaliq = areSteep(runs);
  const groups = Map.groupBy(runs, (run) => of(run.signs[0]!.part));
  const partsOf = Map.groupBy(parts.keys(), of);
  return [...groups]
    .filter(([, own]) => own.some(isSlopedRun) && (isNastaliq || own.every(isWhole)))
    .map(([group, own]) => ({ parts: partsOf.get(group)!.map((part) => parts[part]!), runs: own }));
}

/** Puts things, which have the numbers 0 to `count`, into groups. `of`: the group of a thing: its first thing. */
function createGroups(count: number): { join(one: number, other: number): void; of(thing: number): number } {
  const before = Array.from({ length: count }, (_, thing) => thing);
  const of = (thing: number): number => {
    let first = thing;
    while (before[first] !== first) first = before[first] = before[before[first]!]!;
    return first;
  };
  return {
    of,
    join(one, other) {
      const [first, second] = [of(one), of(other)];
      before[Math.max(first, second)] = Math.min(first, second);
    },
  };
}

/**
 * Splits characters into runs, in the order of drawing. A run ends where the next object is farther away than words are
 * apart, on either side, is higher or lower than a step of a sloped line, or has another size.
 */
function drawnRuns(signs: readonly PageSign[]): DrawnRun[] {
  const runs: PageSign[][] = [];
  let before: (PartEnd & { readonly object: readonly PageSign[] }) | undefined;
  // A blank without a width is one that PDFium has made between two letters of a word: it is not real.
  const inked = signs.filter(({ text, left, right }) => text.trim() !== "" || right > left);
  const byOrder = inked.toSorted((one, other) => one.order - other.order);
  for (const object of Map.groupBy(byOrder, ({ order }) => order).values()) {
    const { left, right } = reachOf(object);
    const { baseline, size } = object[0]!;
    const isNear =
      before !== undefined &&
      !areOver(before.object, object, size) &&
      Math.abs(size - before.size) <= LIKE_SIZE * size &&
      Math.abs(baseline - before.baseline) < STEP_EM * size &&
      Math.max(left - before.right, before.left - right) <= CELL_GAP_EM * size;
    if (isNear) runs.at(-1)!.push(...object);
    else runs.push([...object]);
    before = { left, right, baseline, size, object };
  }
  return runs.filter((run) => inkOf(run).length > 0).map(toRun);
}

function toRun(signs: readonly PageSign[]): DrawnRun {
  const ink = inkOf(signs);
  const baselines = ink.map(({ baseline }) => baseline);
  const heights = new Set(baselines.map(heightOf));
  return { signs, ...reachOf(signs), size: ink[0]!.size, baseline: commonBaseline(baselines), heights };
}

/**
 * Whether a run is a line that PDFium may have returned in the wrong order: its right-to-left letters are in several
 * parts or at different heights. Other signs do not count, because they may be marks of footnotes.
 */
function isSlopedRun({ signs, size }: DrawnRun): boolean {
  const letters = signs.filter(isRtlLetter);
  if (letters.length === 0) return false;
  const heights = letters.map(({ baseline }) => baseline);
  const isLevel = Math.max(...heights) - Math.min(...heights) <= LEVEL_EM * size;
  return !isLevel || letters.some(({ part }) => part !== letters[0]!.part);
}

/** Whether the letters of a page descend; on other pages, only some letters are higher or lower than others. */
function areSteep(runs: readonly DrawnRun[]): boolean {
  const areSteps = runs.flatMap(({ signs, size }) => {
    const letters = signs.filter(isRtlLetter);
    return letters.slice(1).map(({ baseline }, at) => Math.abs(baseline - letters[at]!.baseline) > LEVEL_EM * size);
  });
  const steps = areSteps.filter(Boolean).length;
  return steps > 0 && steps >= STEPS * areSteps.length;
}

const isRtlLetter = ({ text }: PageSign): boolean => RTL.test(text) && LETTER.test(text);

/**
 * Whether most right-to-left letters are drawn one by one, as in Nastaliq. In other styles a whole word is one object.
 */
function areDrawnByLetter(signs: readonly PageSign[]): boolean {
  const letters = signs.filter(isRtlLetter);
  const objects = [...Map.groupBy(letters, ({ order }) => order).values()];
  const alone = objects.filter((object) => object.every(({ x }) => x === object[0]!.x));
  return 2 * alone.flat().length > letters.length;
}

const inkOf = <T extends PlacedSign>(signs: readonly T[]): T[] => signs.filter(({ text }) => text.trim() !== "");

function reachOf(signs: readonly PlacedSign[]): Extent {
  return { left: Math.min(...signs.map(({ left }) => left)), right: Math.max(...signs.map(({ right }) => right)) };
}

/**
 * Whether two runs are beside each other in one row. The baseline of a single word is uncertain, because it may have
 * each letter at another height. So it is enough that both runs have letters at one height.
 */
function isOneRow(one: DrawnRun, other: DrawnRun): boolean {
  const { size } = one;
  if (Math.max(other.left - one.right, one.left - other.right) <= -TOUCH_EM * size) return false;
  const away = Math.abs(one.baseline - other.baseline);
  return (
    away <= ROW_EM * size || (away < STEP_EM * size && [...one.heights].some((height) => other.heights.has(height)))
  );
}

/** 1: letters are drawn from left to right. -1: from right to left. */
type Direction = 1 | -1;
const directionOf = (reach: number): Direction => (reach >= 0 ? 1 : -1);

/** The direction in which most letters of runs are drawn. */
export function usualDirection(runs: readonly DrawnRun[]): Direction {
  const reaches = runs.map(({ signs }) => signs.at(-1)!.x - signs[0]!.x);
  return directionOf(reaches.reduce((sum, reach) => sum + reach, 0));
}

/** A run or a cell. `ordered`: its characters as `inDrawnOrder` returns them. */
export interface OrderedRun extends DrawnRun {
  readonly ordered: readonly PlacedSign[];
}

/**
 * Arranges runs, given in the order of drawing, in rows: in each row, cells from left to right. Runs that touch, such as
 * the number of a list's item and its text, are one cell.
 */
export function slopedRows(runs: readonly OrderedRun[]): OrderedRun[][] {
  const rows: OrderedRun[][] = [];
  let end: DrawnRun | undefined;
  for (const run of runs) {
    const isNext: boolean = end !== undefined && isOneRow(end, run);
    if (isNext) rows.at(-1)!.push(run);
    else rows.push([run]);
    // The next run of this row is beside all of its runs.
    end = isNext ? { ...run, left: Math.min(end!.left, run.left), right: Math.max(end!.right, run.right) } : run;
  }
  return rows.map((row) => {
    const cells: OrderedRun[][] = [];
    for (const run of row.sort((one, other) => one.left - other.left)) {
      const last = cells.at(-1);
      if (last && run.left - last.at(-1)!.right < TOUCH_EM * run.size) last.push(run);
      else cells.push([run]);
    }
    return cells.map(toCell);
  });
}

/** Joins runs that touch, given from left to right. */
function toCell(runs: readonly OrderedRun[]): OrderedRun {
  const ordered: PlacedSign[] = [];
  for (const run of runs) {
    const offset = ordered.length === 0 ? 0 : ordered.length + 1;
    for (const sign of run.ordered) ordered.push({ ...sign, index: sign.index + offset });
  }
  return { ...runs[0]!, right: runs.at(-1)!.right, signs: runs.flatMap(({ signs }) => signs), ordered };
}

/**
 * Whether two objects that are drawn one after the other overlap horizontally, each with several letters. Then `signs`
 * are not one line.
 */
export function isDrawnOver(signs: readonly DrawnSign[], size: number): boolean {
  const ink = inkOf(signs).sort((one, other) => one.order - other.order);
  const objects = [...Map.groupBy(ink, ({ order }) => order).values()];
  return objects.some((object, at) => at > 0 && areOver(objects[at - 1]!, object, size));
}

/**
 * Whether two objects are one over the other, each with several letters: within a sloped line, a single letter may
 * overlap another one.
 */
function areOver(one: readonly PlacedSign[], other: readonly PlacedSign[], size: number): boolean {
  if ([one, other].some((object) => object.every(({ x }) => x === object[0]!.x))) return false;
  const [first, second] = [reachOf(one), reachOf(other)];
  return Math.min(first.right, second.right) - Math.max(first.left, second.left) > OVER_EM * size;
}

/**
 * Returns the characters of a sloped line in the order of drawing, with an `x` that increases in this order. (The real
 * `x` may decrease: a letter may be above or below the next one.) Returns undefined if a character was drawn far to the
 * left of the character before it: then the order of drawing is not the order of the letters. `hasBlank`: whether a
 * blank is drawn between two places in the order of drawing. `usual`: the direction of drawing if the first and the last
 * letter do not show it, because one may be above the other.
 */
export function inDrawnOrder(
  signs: readonly DrawnSign[],
  size: number,
  hasBlank: (one: number, other: number) => boolean,
  usual?: Direction,
): PlacedSign[] | undefined {
  // A blank without a width is one that PDFium has made between two letters of a word: it is not real.
  const inked = signs.filter(({ text, left, right }) => text.trim() !== "" || right > left);
  const glyphs = [...Map.groupBy(inked, ({ order, x }) => `${order} ${x}`).values()];
  const byOrder = glyphs.toSorted(([one], [other]) => one!.order - other!.order);
  const reach = (byOrder.at(-1)?.[0]?.x ?? 0) - (byOrder[0]?.[0]?.x ?? 0);
  const direction = usual !== undefined && Math.abs(reach) <= BACK_EM * size ? usual : directionOf(reach);
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
 * height. If several heights are equally frequent, the middle one of them.
 */
export function commonBaseline(baselines: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const baseline of baselines) {
    const height = heightOf(baseline);
    counts.set(height, (counts.get(height) ?? 0) + 1);
  }
  const most = Math.max(...counts.values());
  const common = [...counts].filter(([, count]) => count === most).map(([height]) => height);
  return common.toSorted((one, other) => one - other)[common.length >> 1] ?? 0;
}

/** The height of a baseline above the bottom of the page, rounded to a tenth of a point. */
const heightOf = (baseline: number): number => Math.round(baseline * 10) / 10;
