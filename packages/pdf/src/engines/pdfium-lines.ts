import type { Line } from "../text/layout.ts";
import { CLUSTERED, inClusterOrder } from "../text/clusters.ts";
import {
  extentOf,
  inCells,
  inReadingOrder,
  isMostlyRtl,
  RTL,
  wordsApart,
  type PlacedSign,
} from "../text/right-to-left.ts";
import { commonBaseline, inDrawnOrder, joinSloped, type JoinedPiece } from "../text/sloped-lines.ts";
import { commonRotation, rotatedBox, type Box, type Rotation } from "../text/rotation.ts";
import { isSparse } from "../text/scan.ts";
import { isSpace, spaceEnd, spaceStart } from "../text/space.ts";
import {
  blankBetween,
  CELL_GAP_EM,
  isEven,
  madeFrom,
  OVERLOOKED,
  spreadOut,
  styleOfLine,
  withCells,
  withOverlooked,
  wordsIn,
  type Blanks,
  type RawLine,
} from "./pdfium-blanks.ts";
import { lettersOf, type Letter, type Letters } from "./pdfium-letters.ts";
import { drawingOf, withoutRepeats, type Drawing } from "./actual-text.ts";
import { readText } from "./pdfium-text.ts";
import type { Guesses } from "../text/second-names.ts";
import { withoutGuesses, type KnownText } from "./unnamed-letters.ts";
import type { Pdfium } from "./pdfium.ts";

/*
 * This code runs once for every character of a document. Regular expressions and additional calls of PDFium would cost
 * a tenth of PDFium's own time. So it compares code units and calls PDFium as rarely as possible. Steps that most pages
 * do not need run only when a line requires them.
 */

/**
 * In running text, letters are narrower than this many ems on average. A line with wider ones has parts that stand
 * apart.
 */
const WIDE_LETTER_EM = 0.85;
/** A letter that is this many ems above or below the letter before it is on a line of its own. */
const STACKED_EM = 0.5;
/** How many letters of a page are examined to find the direction of its text. */
const ROTATION_SAMPLES = 9;
/** A line with more characters than this keeps PDFium's order of letters: it is not a line of real text. */
const MAX_REORDERED = 20_000;
/** How many points a letter may reach over the edge of the page. */
const BLEED = 2;
/** Characters of scripts that may also be written from top to bottom. */
const VERTICAL = /[\u1100-\u11ff\u3000-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef]/;
/** The characters that PDFium returns for a hyphen that was added at the end of a line. */
const HYPHEN = /[\u0002\ufffe]/;
const isHyphen = (unit: number): boolean => unit === 0x0002 || unit === 0xfffe;

interface PageText extends Blanks {
  readonly box: Box;
  readonly rotation: Rotation;
  readonly cells: boolean;
  readonly styled: boolean;
  /** Whether the page has right-to-left text. */
  readonly rtl: boolean;
  readonly mostlyRtl: boolean;
  /** Whether PDFium may have left out blanks on this page. */
  readonly overlooked: boolean;
  readonly drawing: () => Drawing;
}

export interface ReadLines {
  readonly lines: Line[];
  /**
   * Whether more than a few letters of the page are unnamed: their font does not state which letters they are. Lines
   * with many of them are left out.
   */
  readonly unnamed: boolean;
  /** For each mark in the lines, the letter that it stands for: one that its font does not name. */
  readonly guesses: Guesses;
  /** Whether a font names its letters in UTF-8, so that another PDF engine may know more of the letters. */
  readonly utf8?: boolean;
}

/** The direction in which most of a text page is written. */
export function rotationOf(pdfium: Pdfium, text: number): Rotation {
  const count = pdfium.call.FPDFText_CountChars(text);
  const letters = lettersOf(pdfium, text, {});
  const step = Math.max(1, Math.floor(count / ROTATION_SAMPLES));
  const rotations: Rotation[] = [];
  for (let at = step >> 1; at < count; at += step) rotations.push(letters.rotationOf(at));
  letters.done();
  return commonRotation(rotations);
}

interface LinesWanted {
  readonly box: Box;
  readonly cells: boolean;
  readonly styled?: boolean;
  readonly rotation?: Rotation;
}

/**
 * The lines of a text page, with their positions.
 * - `cells`: each cell of a row is a line of its own.
 * - `styled`: each line has its style.
 * - `rotation`: positions refer to the page turned so that text of this direction is upright. Lines of other directions
 *   have no position.
 */
export function readLines(
  pdfium: Pdfium,
  { page, text }: { readonly page: number; readonly text: number },
  { box, cells, styled = false, rotation = 0 }: LinesWanted,
): ReadLines {
  const count = pdfium.call.FPDFText_CountChars(text);
  if (count <= 0) return { lines: [], unnamed: false, guesses: new Map() };
  const all = readText(pdfium, text, count);
  const { text: given, chars, spans, named = false, utf8 = false } = withoutRepeats(pdfium, { page, text }, all);
  const letters = lettersOf(pdfium, text, { chars, spans, rotation, decoded: all.decoded });
  let drawing: Drawing | undefined;
  const isRead = (): ((object: number) => boolean) => {
    const objects = new Set(Array.from({ length: count }, (_, char) => pdfium.call.FPDFText_GetTextObject(text, char)));
    return (object) => objects.has(object);
  };
  try {
    const known: KnownText = named
      ? { text: given, guesses: new Map<never, never>(), holed: false }
      : withoutGuesses(letters, given);
    const { text: raw, guesses, holed, isReadable } = known;
    const whole = {
      raw,
      letters,
      box: rotatedBox(rotation, box),
      rotation,
      cells,
      styled,
      rtl: RTL.test(raw),
      mostlyRtl: isMostlyRtl(raw),
      overlooked: OVERLOOKED.test(raw),
      drawing: () => (drawing ??= drawingOf(pdfium, page, isRead())),
      blankEm: CLUSTERED.test(raw) ? blankBetween(letters, raw) : 0,
    };
    const parts = piecesOf(whole).filter(({ start, end }) => isReadable?.(start, end) !== false);
    const lines = parts.flatMap(({ start, end, sloped }) =>
      sloped ? [slopedLine(whole, start, end)] : linesOf(whole, start, end),
    );
    // On a page with mostly unnamed letters, the few named ones do not make a text.
    if (isReadable && isSparse(lines)) return { lines: [], unnamed: true, guesses: new Map() };
    return { lines, unnamed: holed, guesses, utf8 };
  } finally {
    letters.done();
  }
}

/**
 * The start and end of each line in the text. After its own hyphen character, PDFium writes no line end, so the line is
 * ended here.
 */
function pieces(raw: string): Array<readonly [start: number, end: number]> {
  const found: Array<readonly [number, number]> = [];
  const hyphens = HYPHEN.test(raw);
  let start = 0;
  while (true) {
    const lineEnd = raw.indexOf("\r\n", start);
    const end = lineEnd < 0 ? raw.length : lineEnd;
    for (let at = start; hyphens && at < end - 1; at++) {
      if (!isHyphen(raw.charCodeAt(at))) continue;
      found.push([start, at + 1]);
      start = at + 1;
    }
    found.push([start, end]);
    if (lineEnd < 0) return found;
    start = end + 2;
  }
}

/** The pieces of the page's text between line ends, with those of one sloped line joined. */
function piecesOf(page: PageText): JoinedPiece[] {
  const { raw, letters, box } = page;
  const found = pieces(raw);
  if (!page.rtl) return found.map(([start, end]) => ({ start, end, sloped: false }));
  const placed = found.map(([start, end]) => {
    const text = raw.slice(start, end);
    const first = spaceEnd(text);
    const [one, other] = first === text.length ? [0, 0] : [first, spaceStart(text) - 1];
    const [head, tail] = [letters.of(start + one), letters.of(start + other)];
    const isPlaced = head && tail && isWithin(box, head) && isWithin(box, tail);
    return { start, end, rtl: RTL.test(text), ends: isPlaced ? ([head, tail] as const) : undefined };
  });
  return joinSloped(placed);
}

/** A right-to-left line that PDFium gave in several pieces of text, because its letters stand at different heights. */
function slopedLine(page: PageText, start: number, end: number): Line {
  const { raw, letters } = page;
  const text = raw.slice(start, end);
  const [first, last] = [start + spaceEnd(text), start + spaceStart(text) - 1];
  const { size = 0 } = letters.of(first) ?? {};
  const { orderOf, hasBlank } = page.drawing();
  const signs = signsOf(letters, { text, start });
  const drawn = signs.map((sign) => ({ ...sign, order: orderOf(letters.objectOf(start + sign.index)) ?? 0 }));
  const ink = signs.filter((sign) => sign.text.trim() !== "");
  return {
    text: inReadingOrder(inDrawnOrder(drawn, size, hasBlank) ?? signs, { size, rtl: page.mostlyRtl }),
    size,
    baseline: commonBaseline(ink.flatMap(({ index }) => letters.of(start + index)?.baseline ?? [])),
    ...(page.styled && styleOfLine(page, first, last)),
    ...extentOf(signs),
  };
}

/** The lines in one piece of the page's text; nearly always one. */
function linesOf(page: PageText, start: number, end: number): Line[] {
  const { raw, letters, box } = page;
  const text = raw.slice(start, end);
  const first = spaceEnd(text);
  if (first === text.length) return [nowhere(text)];
  const last = Math.max(first, lastLetter(text));
  const [head, tail] = [letters.of(start + first), letters.of(start + last)];
  if (!head || !tail) return [nowhere(text)];
  if (!isWithin(box, head) || !isWithin(box, tail)) {
    const shown = visibleParts(page, start, end);
    if (shown.length !== 1 || shown[0]?.[0] !== start || shown[0][1] !== end)
      return shown.flatMap(([from, to]) => linesOf({ ...page, box: EVERYWHERE }, from, to));
  }
  const hasRtl = page.rtl && RTL.test(text);
  // Words of Nastaliq end on the baseline and begin above it.
  const level = Math.abs(head.baseline - tail.baseline) < (hasRtl ? 1 : STACKED_EM) * head.size;
  if (!level) {
    const stack = stackedParts(page, start + first, start + last + 1);
    if (stack.length > 1) return stack.flatMap(([from, to]) => linesOf(page, from, to));
  }
  const [left, right] = [Math.min(head.left, tail.left), Math.max(head.right, tail.right)];
  const style = page.styled ? styleOfLine(page, start + first, start + last) : {};
  const baseline = hasRtl ? Math.min(head.baseline, tail.baseline) : head.baseline;
  const place: Omit<Line, "text"> = { left, right, baseline, size: level ? head.size : 0, ...style };
  // In a document that is bound on the right, PDFium returns the words of a line in the wrong order.
  const turned = level && !hasRtl && head.x > tail.x && last > first;
  if (turned && letters.rotationOf(start + first) !== page.rotation) return [{ ...place, text, size: 0 }];
  const line = { text, start, first, size: head.size };
  if (level && (hasRtl || turned) && text.length <= MAX_REORDERED) return reordered(page, line, place);
  const moved = level && page.blankEm > 0 ? clustered(page, line) : undefined;
  if (moved) return [{ ...place, ...moved }];
  const width = (right - left) / (last - first + 1);
  const isWide = last - first > 3 && width > WIDE_LETTER_EM * head.size;
  // Clusters are wide, and PDFium's blanks within them have to be looked at one by one.
  const spread = level && isWide && !VERTICAL.test(text) && !(page.blankEm > 0 && CLUSTERED.test(text));
  const read = spread ? { text: spreadOut(letters, line) } : withCells(page, line);
  // Whether the line was stretched to the width of its column: only the lines around it can show that, so its cells are
  // not split here.
  const isStretched = page.styled && "even" in read && read.even === true;
  if (page.cells && !isStretched && read.text.includes("\t") && read.text.length === text.length) {
    return cellsOf(read.text).flatMap(([from, to]) => linesOf({ ...page, cells: false }, start + from, start + to));
  }
  // A program that draws its blanks leaves none out, and the letters of some fonts stand far apart.
  const drawsBlanks = page.blankEm === CELL_GAP_EM;
  const whole = page.overlooked && !drawsBlanks && !spread && read.text.length === text.length;
  const words = page.styled && read.text.length !== text.length ? wordsIn(letters, line, read.text) : place.words;
  return [{ ...read, ...place, words, ...(whole && { text: withOverlooked(page, read.text, line) }) }];
}

/** The start and end of each cell in a row. */
function cellsOf(row: string): Array<readonly [number, number]> {
  let from = 0;
  return row.split("\t").map((cell) => {
    const part = [from, from + cell.length] as const;
    from += cell.length + 1;
    return part;
  });
}

const nowhere = (text: string): Line => ({ text, left: 0, right: 0, baseline: 0, size: 0 });
export const EVERYWHERE: Box = { left: -Infinity, right: Infinity, bottom: -Infinity, top: Infinity };

function isWithin({ left, right, bottom, top }: Box, letter: Letter): boolean {
  return (
    letter.right > left - BLEED &&
    letter.left < right + BLEED &&
    Math.max(letter.top, letter.baseline) > bottom - BLEED &&
    letter.baseline < top + BLEED
  );
}

/** The index of a line's last letter, before a hyphen that was added; -1 when there is none. */
function lastLetter(raw: string): number {
  let last = spaceStart(raw) - 1;
  if (isHyphen(raw.charCodeAt(last))) last--;
  while (last >= 0 && isSpace(raw.charCodeAt(last))) last--;
  return isHyphen(raw.charCodeAt(last)) ? -1 : last;
}

/**
 * The parts of a piece of text that lie on the page, at least with some letters. The piece is split where a gap is as
 * wide as between cells.
 */
function visibleParts({ raw, letters, box }: PageText, start: number, end: number): Array<readonly [number, number]> {
  const parts: Array<readonly [number, number]> = [];
  let [from, shown] = [start, false];
  let before: Letter | undefined;
  for (let at = start; at < end; at++) {
    if (isSpace(raw.charCodeAt(at))) continue;
    const letter = letters.of(at);
    const isApart = before && letter && Math.abs(letter.left - before.right) > CELL_GAP_EM * letter.size;
    if (isApart) {
      if (shown) parts.push([from, at]);
      [from, shown] = [at, false];
    }
    shown ||= !letter || isWithin(box, letter);
    before = letter ?? before;
  }
  if (shown) parts.push([from, end]);
  return parts;
}

/**
 * Splits a piece of text whose letters stand under one another, such as the labels of an axis: PDFium returns them as
 * one word.
 */
function stackedParts({ raw, letters }: PageText, start: number, end: number): Array<readonly [number, number]> {
  const parts: Array<readonly [number, number]> = [];
  let from = start;
  let before: Letter | undefined;
  for (let at = start; at < end; at++) {
    if (isSpace(raw.charCodeAt(at))) continue;
    const letter = letters.of(at);
    if (!letter || VERTICAL.test(raw.charAt(at)) || !letters.isUpright(at)) return [];
    const apart = before && Math.abs(letter.baseline - before.baseline) > STACKED_EM * letter.size;
    if (apart && letter.left < before!.right && letter.right > before!.left) {
      parts.push([from, at]);
      from = at;
    }
    before = letter;
  }
  return [...parts, [from, end]];
}

/** A line in the order of its letters on the page, with tabs between its cells, or a line for each cell. */
function reordered(page: PageText, line: RawLine, { words: _, ...place }: Omit<Line, "text">): Line[] {
  const { size } = line;
  const rtl = page.mostlyRtl;
  const { cells, gaps } = inCells(signsOf(page.letters, line), { size, cellGap: CELL_GAP_EM * size });
  const read = (rtl && RTL.test(line.text) ? cells.toReversed() : cells).map((signs) => {
    const text = inReadingOrder(signs, { size, rtl });
    return { ...place, text, ...extentOf(signs), words: page.styled ? wordsApart(signs, text, size) : undefined };
  });
  const even = isEven(rangeOf(gaps), line.text, size);
  if (read.length < 2 || (page.cells && !even)) return read;
  return [{ ...place, text: read.map(({ text }) => text).join("\t"), ...extentOf(cells.flat()), even }];
}

/** The text of a line with clustered letters, in the right order; undefined if PDFium's order is right already. */
function clustered(page: PageText, line: RawLine): (Placed & Pick<Line, "even" | "words">) | undefined {
  if (line.text.length > MAX_REORDERED || !CLUSTERED.test(line.text)) return undefined;
  const signs = signsOf(page.letters, line).map((sign) => ({
    ...sign,
    madeFrom: sign.text === " " ? madeFrom(page, line.start + sign.index) : 0,
  }));
  const read = inClusterOrder(signs, { size: line.size, cellEm: CELL_GAP_EM });
  if (read === undefined) return undefined;
  const { text, gaps } = read;
  return {
    text,
    even: isEven(rangeOf(gaps), text, line.size),
    ...extentOf(signs),
    words: page.styled ? wordsApart(signs, text, line.size) : undefined,
  };
}

const rangeOf = (gaps: readonly number[]): { blanks: number; least: number; most: number } => ({
  blanks: gaps.length,
  least: Math.min(...gaps),
  most: Math.max(...gaps),
});

type Placed = Pick<Line, "text" | "left" | "right">;

function signsOf(letters: Letters, { text, start }: Pick<RawLine, "text" | "start">): PlacedSign[] {
  const signs: PlacedSign[] = [];
  for (let at = 0; at < text.length; at++) {
    const sign = String.fromCodePoint(text.codePointAt(at) as number);
    const letter = letters.of(start + at);
    if (letter) signs.push({ text: sign, index: at, left: letter.left, right: letter.right, x: letter.x });
    at += sign.length - 1;
  }
  return signs;
}
