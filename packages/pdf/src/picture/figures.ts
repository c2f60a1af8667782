import type { Box } from "../text/rotation.ts";

/*
 * Figures: parts of a page that have text of their own, in pictures and drawings, which only OCR can read.
 */

/** In points: smaller pictures are icons and bullets. The height is that of a line of small type. */
const [MIN_WIDTH, MIN_HEIGHT, MIN_AREA] = [24, 8, 600] as const;
/**
 * A picture counts as read already if the page's own text covers more than this part of it: it is a background, or a
 * scan whose words somebody has recognised before.
 */
const MAX_COVERED = 0.02;
/** In how many squares across, and in how many from bottom to top, the letters of a page are counted. */
const GRID = 256;
/** The most figures of a page; the largest are kept. */
const MAX_FIGURES = 32;
/** The most pictures of a page that are looked at; the largest are kept. */
const MAX_PIECES = 500;
/** Pieces of one picture are at most this many points apart. */
const APART = 1;
/**
 * Letters may be drawn as paths. A path may be a letter, or a part of one, if its sides have between these lengths, in
 * points. A drawing may hold words if at least MIN_LETTERS such paths lie together: from each of them to another one it
 * is at most about NEAR points.
 */
const [MIN_LETTER, MAX_LETTER, MIN_LETTERS, NEAR] = [1.5, 40, 40, 16] as const;

/** The shapes of a page: the boxes of its pictures, and of the paths that are drawn on it. */
export interface Shapes {
  readonly pictures: readonly Box[];
  readonly paths: readonly Box[];
}

/**
 * The figures of a page, the largest first. `visible`: the page's visible box. `letters`: returns the boxes of the
 * letters of the page's text; called only if the page has something that may be a figure.
 */
export function figuresOf(
  { pictures, paths }: Shapes,
  { visible, letters }: { readonly visible: Box; readonly letters: () => readonly Box[] },
): Box[] {
  let covered: ((box: Box) => number) | undefined;
  const isRead = (box: Box): boolean => (covered ??= coverOf(letters()))(box) > MAX_COVERED * areaOf(box);
  const shown = pictures.map((box) => within(box, visible)).filter((box) => areaOf(box) > 0);
  // A background is left out before pictures are joined: it touches all others.
  const pieces = largest(shown, MAX_PIECES).filter((box) => areaOf(box) < MIN_AREA || !isRead(box));
  const drawings = drawingsOf(paths.filter(isLetterSized)).map((box) => within(box, visible));
  const found = largest([...merged(pieces), ...drawings].filter(isLarge), MAX_FIGURES);
  return found.filter((box) => !isRead(box));
}

function largest(boxes: readonly Box[], most: number): Box[] {
  return boxes.toSorted((one, other) => areaOf(other) - areaOf(one)).slice(0, most);
}

function isLarge(box: Box): boolean {
  return box.right - box.left >= MIN_WIDTH && box.top - box.bottom >= MIN_HEIGHT && areaOf(box) >= MIN_AREA;
}

/** The area of a box; 0 if nothing is in it. */
export const areaOf = ({ left, right, bottom, top }: Box): number =>
  Math.max(0, right - left) * Math.max(0, top - bottom);

function isLetterSized({ left, right, bottom, top }: Box): boolean {
  return [right - left, top - bottom].every((side) => side >= MIN_LETTER && side <= MAX_LETTER);
}

/**
 * Returns a function that adds up the areas of the letters in a box. A page may have thousands of pictures and a hundred
 * thousand letters, so the letters are counted once, in a grid of squares: `sums` has, for each corner of a square, the
 * area of all letters to the left of it and below it.
 */
function coverOf(letters: readonly Box[]): (box: Box) => number {
  if (letters.length === 0) return () => 0;
  const { left, right, bottom, top } = boundsOf(letters);
  const place = (at: number, from: number, to: number): number =>
    Math.max(0, Math.min(GRID, Math.round(((at - from) / (to - from)) * GRID)));
  const row = GRID + 1;
  const sums = new Float64Array(row * row);
  for (const letter of letters) {
    const [x, y] = [(letter.left + letter.right) / 2, (letter.bottom + letter.top) / 2];
    const square = [(x - left) / (right - left), (y - bottom) / (top - bottom)].map((at) => Math.floor(at * GRID) + 1);
    const [across = 0, up = 0] = square.map((at) => Math.min(GRID, at));
    sums[up * row + across]! += areaOf(letter);
  }
  for (let up = 1; up <= GRID; up++)
    for (let across = 1; across <= GRID; across++) {
      const at = up * row + across;
      sums[at]! += sums[at - 1]! + sums[at - row]! - sums[at - row - 1]!;
    }
  return (box) => {
    const [from, to] = [place(box.left, left, right), place(box.right, left, right)];
    const [low, high] = [place(box.bottom, bottom, top), place(box.top, bottom, top)];
    return sums[high * row + to]! - sums[low * row + to]! - sums[high * row + from]! + sums[low * row + from]!;
  };
}

function within(box: Box, visible: Box): Box {
  return {
    left: Math.max(box.left, visible.left),
    right: Math.min(box.right, visible.right),
    bottom: Math.max(box.bottom, visible.bottom),
    top: Math.min(box.top, visible.top),
  };
}

/** Joins pictures that touch each other: many programs cut a picture into strips. */
function merged(boxes: readonly Box[]): Box[] {
  const whole: Box[] = [];
  for (const box of boxes) {
    let all = box;
    for (let touched = whole.findIndex((other) => touch(other, all)); touched >= 0;) {
      all = boundsOf([...whole.splice(touched, 1), all]);
      touched = whole.findIndex((other) => touch(other, all));
    }
    whole.push(all);
  }
  return whole;
}

function touch(one: Box, other: Box): boolean {
  const [across, upright] = [
    Math.min(one.right, other.right) - Math.max(one.left, other.left),
    Math.min(one.top, other.top) - Math.max(one.bottom, other.bottom),
  ];
  return across >= -APART && upright >= -APART;
}

/** The smallest box around all boxes. */
function boundsOf(boxes: readonly Box[]): Box {
  return boxes.reduce((one, other) => ({
    left: Math.min(one.left, other.left),
    right: Math.max(one.right, other.right),
    bottom: Math.min(one.bottom, other.bottom),
    top: Math.max(one.top, other.top),
  }));
}

/** The boxes of drawings in which many paths may be letters. */
function drawingsOf(letters: readonly Box[]): Box[] {
  if (letters.length < MIN_LETTERS) return [];
  // Two letters that are at most NEAR apart have a square in common, if each of them takes half of NEAR around it.
  const squares = new Map<string, Box[]>();
  const takes = new Map(letters.map((letter) => [letter, squaresOf(letter)]));
  for (const [letter, names] of takes)
    for (const name of names) {
      const inside = squares.get(name);
      if (inside) inside.push(letter);
      else squares.set(name, [letter]);
    }
  const found: Box[] = [];
  for (const [name] of squares) {
    const together = new Set<Box>();
    const open = [name];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const inside = squares.get(next) ?? [];
      squares.delete(next);
      for (const letter of inside) if (!together.has(letter)) open.push(...(takes.get(letter) ?? []));
      for (const letter of inside) together.add(letter);
    }
    if (together.size >= MIN_LETTERS) found.push(boundsOf([...together]));
  }
  return found;
}

/** The names of the squares with the side NEAR in which a letter is, or from which it is at most half of NEAR away. */
function squaresOf({ left, right, bottom, top }: Box): string[] {
  const range = (from: number, to: number): number[] => {
    const [first, last] = [Math.floor(from / NEAR - 0.5), Math.floor(to / NEAR + 0.5)];
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  };
  return range(left, right).flatMap((x) => range(bottom, top).map((y) => `${x},${y}`));
}
