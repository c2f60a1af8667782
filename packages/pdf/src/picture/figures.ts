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
/** The most figures of a page; the largest are kept. */
const MAX_FIGURES = 32;
/** The most pictures of a page that are looked at; the largest are kept. */
const MAX_PIECES = 500;
/** Pieces of one picture are at most this many points apart. */
const APART = 1;
/**
 * Letters may be drawn as paths. A path may be a letter, or a part of one, if its sides have between these lengths, in
 * points. A drawing may hold words if at least MIN_LETTERS such paths lie together, in squares of the side NEAR that
 * touch each other.
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
  let known: readonly Box[] | undefined;
  const isRead = (box: Box): boolean => {
    const inside = (known ??= letters()).filter((letter) => isInside(letter, box));
    return inside.reduce((sum, letter) => sum + areaOf(letter), 0) > MAX_COVERED * areaOf(box);
  };
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

function isInside(letter: Box, box: Box): boolean {
  const [x, y] = [(letter.left + letter.right) / 2, (letter.bottom + letter.top) / 2];
  return x > box.left && x < box.right && y > box.bottom && y < box.top;
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
      all = around([...whole.splice(touched, 1), all]);
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

function around(boxes: readonly Box[]): Box {
  return {
    left: Math.min(...boxes.map(({ left }) => left)),
    right: Math.max(...boxes.map(({ right }) => right)),
    bottom: Math.min(...boxes.map(({ bottom }) => bottom)),
    top: Math.max(...boxes.map(({ top }) => top)),
  };
}

/** The boxes of drawings in which many paths may be letters. */
function drawingsOf(letters: readonly Box[]): Box[] {
  if (letters.length < MIN_LETTERS) return [];
  const squares = Map.groupBy(letters, ({ left, bottom }) =>
    nameOf(Math.floor(left / NEAR), Math.floor(bottom / NEAR)),
  );
  const found: Box[] = [];
  for (const [name] of squares) {
    const boxes: Box[] = [];
    const open = [name];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const inside = squares.get(next);
      if (!inside) continue;
      squares.delete(next);
      for (const box of inside) boxes.push(box);
      const [x = 0, y = 0] = next.split(",").map(Number);
      for (const dx of [-1, 0, 1]) for (const dy of [-1, 0, 1]) open.push(nameOf(x + dx, y + dy));
    }
    if (boxes.length >= MIN_LETTERS) found.push(around(boxes));
  }
  return found;
}

const nameOf = (x: number, y: number): string => `${x},${y}`;
