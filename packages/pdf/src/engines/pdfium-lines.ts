import type { Line } from "../text/layout.ts";
import { areCharacters } from "../file/unicode-codes.ts";
import { CLUSTERED, inClusterOrder } from "../text/clusters.ts";
import {
  extentOf,
  inCells,
  inReadingOrder,
  isMostlyRtl,
  MAX_REORDERED,
  RTL,
  wordsApart,
} from "../text/right-to-left.ts";
import { commonRotation, rotatedBox, type Box, type Rotation } from "../text/rotation.ts";
import { isSparse } from "../text/scan.ts";
import { betweenLineEnds, CELL_GAP_EM, isSpace, lastLetter, spaceEnd, spaceStart } from "../text/space.ts";
import {
  blanksOf,
  isEven,
  inRow,
  isHyphenApart,
  madeFrom,
  overlookedOn,
  rangeOf,
  spacedCellGap,
  spreadOut,
  styleOfLine,
  withCells,
  withOverlooked,
  wordsIn,
  type Blanks,
  type RawLine,
} from "./pdfium-blanks.ts";
import { lettersOf, signsOf, withLetters, type Letter } from "./pdfium-letters.ts";
import { drawingOf, withoutRepeats, type Drawing } from "./actual-text.ts";
import { slopedGroups, type PartGroup } from "./pdfium-sloped.ts";
import { ACCENT, withAccents } from "../drawn/accents.ts";
import { inDirection, turnedText, type TurnedText } from "../drawn/turned.ts";
import { letterSpacing, withoutSpacing } from "../drawn/letter-spacing.ts";
import { readText, type GivenText } from "./pdfium-text.ts";
import type { Guesses } from "../text/second-names.ts";
import { withoutGuesses, type KnownText } from "./unnamed-letters.ts";
import type { Codes } from "./second-reader.ts";
import type { Pdfium } from "./pdfium.ts";

/*
 * This code runs for every character of a document. Regular expressions or more calls of PDFium for each character
 * would cost a tenth of PDFium's own time, so this code does without them. Rare steps run only for lines that need
 * them.
 */

/**
 * In ems. If the letters of a line are wider on average, the line's parts stand apart, or its letters are spaced out.
 */
const WIDE_LETTER_EM = 0.85;
/** A letter that is this many ems above or below the letter before it is on a line of its own. */
const STACKED_EM = 0.5;
/** How many letters of a page are examined to find the direction of its text. */
const ROTATION_SAMPLES = 9;
/** How many points a letter may be outside of the page and still count as visible. */
const BLEED = 2;
/** Characters of scripts that may also be written from top to bottom. */
const VERTICAL = /[\u1100-\u11ff\u3000-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef]/;
interface PageText extends Blanks {
  readonly box: Box;
  readonly rotation: Rotation;
  readonly cells: boolean;
  readonly styled: boolean;
  /** Whether the page has right-to-left text. */
  readonly rtl: boolean;
  readonly mostlyRtl: boolean;
  /** How wide the gaps between letters are in a line whose letters are spaced out, in ems; 0 if there is none. */
  readonly spacing: number;
  /** The directions of the lines that are read, as far as they are known. */
  readonly directions: Set<Rotation>;
  readonly drawing: () => Drawing;
}

export interface ReadLines {
  readonly lines: Line[];
  /**
   * Whether the page has many unnamed letters (their font does not state which letters they are). Lines with too many
   * of them are left out.
   */
  readonly unnamed: boolean;
  /**
   * For each mark in the lines (a private-use character in place of an unnamed letter): PDFium's guess for the letter.
   */
  readonly guesses: Guesses;
  /** The letters that PDFium guessed from their codes; set if another PDF engine may know more of them. */
  readonly codes?: Codes | undefined;
  /** Text in other directions than most of the page; undefined if there is none. */
  readonly turned?: TurnedText | undefined;
  /** For each line the text object in which it begins; set if only some directions were read. */
  readonly objects?: readonly number[];
  /** Whether fonts name their letters in UTF-8, which another PDF engine may read better than PDFium. */
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
  readonly hasUnicodeCodes?: (() => boolean) | undefined;
  readonly few?: boolean;
  readonly only?: ((direction: Rotation | undefined) => boolean) | undefined;
}

/**
 * Reads the lines of a page, with their positions.
 * - `cells`: each cell of a row becomes a line of its own.
 * - `styled`: each line has its style.
 * - `rotation`: the direction of the text. Positions are those on the page turned so that this text is upright. Lines
 *   in other directions have no position.
 * - `hasUnicodeCodes`: whether the codes of unnamed letters in this file are Unicode.
 * - `only`: leave out letters whose directions it does not accept, and return the `objects` of the lines.
 * - `few`: return the lines even if nearly all letters are unnamed; by default, no line is then returned.
 */
export function readLines(
  pdfium: Pdfium,
  { page, text }: { readonly page: number; readonly text: number },
  { box, cells, styled = false, rotation = 0, hasUnicodeCodes, few = false, only }: LinesWanted,
): ReadLines {
  const count = pdfium.call.FPDFText_CountChars(text);
  if (count <= 0) return { lines: [], unnamed: false, guesses: new Map() };
  const drawn = withoutRepeats(pdfium, { page, text }, readText(pdfium, text, count));
  const { spans, named = false, utf8 = false } = drawn;
  const joined = joinedAccents(pdfium, text, drawn, rotation) ?? drawn;
  const { decoded } = joined;
  const { text: given, chars } = only
    ? withLetters(pdfium, text, joined, (letters) => inDirection(joined, letters, only))
    : joined;
  const letters = lettersOf(pdfium, text, { chars, spans, rotation, decoded });
  let drawing: Drawing | undefined;
  const isRead = (): ((object: number) => boolean) => {
    const objects = new Set(Array.from({ length: count }, (_, char) => pdfium.call.FPDFText_GetTextObject(text, char)));
    return (object) => objects.has(object);
  };
  try {
    const asGiven: KnownText = { text: given, guesses: new Map<never, never>(), holed: false };
    const guessed = named ? asGiven : withoutGuesses(letters, given);
    const isGuessed = guessed.codes !== undefined || guessed.text !== given;
    const isUnicode = isGuessed && areCharacters(given) && hasUnicodeCodes?.() === true;
    const { text: raw, guesses, holed, codes, isReadable } = isUnicode ? asGiven : guessed;
    const whole = {
      raw,
      letters,
      box: rotatedBox(rotation, box),
      rotation,
      cells,
      styled,
      rtl: RTL.test(raw),
      mostlyRtl: isMostlyRtl(raw),
      directions: new Set<Rotation>(),
      spacing: letterSpacing(letters, raw),
      overlooked: overlookedOn(letters, raw),
      drawing: () => (drawing ??= drawingOf(pdfium, page, isRead())),
      ...blanksOf(letters, raw),
    };
    const objects: number[] = [];
    const lines = partsOf(whole).flatMap(({ parts, lines: read }) => {
      if (isReadable?.(parts) === false) return [];
      const own = read ?? parts.flatMap((part) => linesOf(whole, part.start, part.end));
      if (only)
        for (const _ of own)
          objects.push(letters.objectOf((parts[0]?.start ?? 0) + spaceEnd(raw.slice(parts[0]?.start))));
      return own;
    });
    // Nearly all letters are unnamed. The few others make no text, so no line is returned.
    if (isReadable && !few && isSparse(lines)) return { lines: [], unnamed: true, guesses: new Map(), codes };
    const isKnown = guesses.size === 0 && !holed && codes === undefined && !utf8;
    const turned = isKnown && !only && !VERTICAL.test(raw) ? turnedText(whole) : undefined;
    return { lines, unnamed: holed, guesses, codes, utf8, turned, ...(only && { objects }) };
  } finally {
    letters.done();
  }
}

/** The text with one letter for each accent and its letter; undefined if no accent is drawn apart from its letter. */
function joinedAccents(pdfium: Pdfium, text: number, drawn: GivenText, rotation: Rotation): GivenText | undefined {
  if (drawn.text.search(ACCENT) < 0) return undefined;
  const given = { chars: drawn.chars, rotation };
  const joined = withLetters(pdfium, text, given, (letters) => withAccents(drawn, letters, rotation));
  return joined && { ...joined, decoded: new Set([...(drawn.decoded ?? []), ...joined.accented]) };
}

/**
 * Returns the parts of the page's text between line ends, in groups: parts with letters of the same sloped lines
 * are in one group, any other part is alone in its group.
 */
function partsOf(page: PageText): PartGroup[] {
  const { raw, letters, box } = page;
  const found = betweenLineEnds(raw);
  if (!page.rtl) return found.map(([start, end]) => ({ parts: [{ start, end, rtl: false }] }));
  const placed = found.map(([start, end]) => {
    const text = raw.slice(start, end);
    const first = spaceEnd(text);
    const [one, other] = first === text.length ? [0, 0] : [first, spaceStart(text) - 1];
    const [head, tail] = [letters.of(start + one), letters.of(start + other)];
    const isPlaced = head && tail && isWithin(box, head) && isWithin(box, tail);
    return { start, end, rtl: RTL.test(text), ends: isPlaced ? ([head, tail] as const) : undefined };
  });
  return slopedGroups(page, placed);
}

/** Returns the lines in a part of the text: nearly always one line. */
function linesOf(page: PageText, start: number, end: number): Line[] {
  const { raw, letters, box } = page;
  const text = raw.slice(start, end);
  const first = spaceEnd(text);
  if (first === text.length) return [nowhere(text)];
  const last = Math.max(first, lastLetter(text));
  const [head, tail] = [letters.of(start + first), letters.of(start + last)];
  if (!head || !tail) return [nowhere(text)];
  for (const { direction } of [head, tail]) if (direction !== undefined) page.directions.add(direction);
  if (!isWithin(box, head) || !isWithin(box, tail)) {
    const shown = visibleParts(page, start, end);
    if (shown.length !== 1 || shown[0]?.[0] !== start || shown[0][1] !== end)
      return shown.flatMap(([from, to]) => linesOf({ ...page, box: EVERYWHERE }, from, to));
  }
  const hasRtl = page.rtl && RTL.test(text);
  // In Nastaliq, a style of Arabic script, words begin above the baseline and end on it, so the ends of a right-to-left
  // line may be at different heights.
  const level = Math.abs(head.baseline - tail.baseline) < (hasRtl ? 1 : STACKED_EM) * head.size;
  if (!level) {
    const stack = stackedParts(page, start + first, { last: start + last, end });
    if (stack.length > 1) return stack.flatMap(([from, to]) => linesOf(page, from, to));
  }
  const [left, right] = [Math.min(head.left, tail.left), Math.max(head.right, tail.right)];
  const style = page.styled ? styleOfLine(page, start + first, start + last) : {};
  const baseline = hasRtl ? Math.min(head.baseline, tail.baseline) : head.baseline;
  const place: Omit<Line, "text"> = { left, right, baseline, size: level ? head.size : 0, ...style };
  // In a document that is bound on the right, PDFium returns the words of a left-to-right line in the wrong order.
  const turned = level && !hasRtl && head.x > tail.x && last > first;
  if (turned && letters.rotationOf(start + first) !== page.rotation) return [{ ...place, text, size: 0 }];
  const line = { text, start, first, size: head.size };
  if (level && (hasRtl || turned) && text.length <= MAX_REORDERED) return reordered(page, line, place);
  const moved = level && page.blankEm > 0 ? clustered(page, line) : undefined;
  if (moved) return [{ ...place, ...moved }];
  // A line may begin with a small number, or end with one.
  const largest = { ...line, size: Math.max(head.size, tail.size) };
  const spaced = page.spacing > 0 && level ? withoutSpacing(letters, largest, page.spacing) : undefined;
  if (spaced !== undefined) return spacedOut(page, line, place, spaced);
  const width = (right - left) / (last - first + 1);
  const isWide = last - first > 3 && width > WIDE_LETTER_EM * head.size;
  const isSpaced = level && isWide && !VERTICAL.test(text);
  // Clusters are wide even if the letters are not spaced out, so `withCells` decides for each blank that PDFium made
  // whether it is real. In other lines with wide letters, all blanks count as real.
  const isClustered = page.blankEm > 0 && CLUSTERED.test(text);
  const spread = isSpaced && !isClustered;
  const cellGap = isSpaced && isClustered ? spacedCellGap(letters, line) : undefined;
  const read = spread ? { text: spreadOut(letters, line) } : withCells(page, line, cellGap);
  // Blanks of about the same width may come from stretching the line to the width of its column. Only the lines around
  // it can show that, so this line is not split into cells here.
  const isStretched = page.styled && "even" in read && read.even === true;
  if (page.cells && !isStretched && read.text.includes("\t") && read.text.length === text.length) {
    return cellsOf(read.text).flatMap(([from, to]) => linesOf({ ...page, cells: false }, start + from, start + to));
  }
  // Whether to add blanks that PDFium has left out: not to a line from which blanks were removed, nor between
  // spaced-out letters. If the program that wrote the page draws its blanks, PDFium returns all of them.
  const whole = page.overlooked !== undefined && !page.drawsBlanks && !isSpaced && read.text.length === text.length;
  const words = page.styled && read.text.length !== text.length ? wordsIn(letters, line, read.text) : place.words;
  const hyphenApart = isHyphenApart(letters, line);
  const shown = whole ? withOverlooked(page, read.text, line) : read.text;
  return [{ ...read, ...place, words, text: shown, ...(hyphenApart && { hyphenApart }) }];
}

/** A line whose letters are spaced out. `text`: its text without the gaps between letters. */
function spacedOut(page: PageText, line: RawLine, place: Omit<Line, "text">, text: string): Line[] {
  return [{ ...place, text, words: page.styled ? wordsIn(page.letters, line, text) : undefined }];
}

/** The start and end of each cell in a row whose cells are separated by tabs. */
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

/**
 * Splits a text at gaps as wide as between cells. Returns those parts that are not beyond the edge of the page; the whole
 * text if no part is.
 */
function visibleParts({ raw, letters, box }: PageText, start: number, end: number): Array<readonly [number, number]> {
  const parts: Array<readonly [number, number]> = [];
  let [from, shown, hasHidden] = [start, false, false];
  let before: Letter | undefined;
  for (let at = start; at < end; at++) {
    if (isSpace(raw.charCodeAt(at))) continue;
    const letter = letters.of(at);
    // The letters of a right-to-left line go to the left.
    const gap = before && letter ? Math.max(letter.left - before.right, before.left - letter.right) : 0;
    const isApart = letter && gap > CELL_GAP_EM * letter.size;
    if (isApart) {
      if (shown) parts.push([from, at]);
      hasHidden ||= !shown;
      [from, shown] = [at, false];
    }
    shown ||= !letter || isWithin(box, letter);
    before = letter ?? before;
  }
  if (shown) parts.push([from, end]);
  return shown && !hasHidden ? [[start, end]] : parts;
}

/**
 * Splits text that PDFium takes for one word although its letters are one below the other (the labels of an axis) or in
 * different rows (the choices of a form's list). `last`: the index of the last letter. `end`: the end of the text,
 * which is after the hyphen that PDFium may have added to the last letter.
 */
export function stackedParts(
  { raw, letters }: Pick<PageText, "raw" | "letters">,
  start: number,
  { last, end }: { readonly last: number; readonly end: number },
): Array<readonly [number, number]> {
  const parts: Array<readonly [number, number]> = [];
  let from = start;
  let before: Letter | undefined;
  for (let at = start; at <= last; at++) {
    if (isSpace(raw.charCodeAt(at))) continue;
    const letter = letters.of(at);
    if (!letter || VERTICAL.test(raw.charAt(at)) || !letters.isUpright(at)) return [];
    const away = before ? Math.abs(letter.baseline - before.baseline) : 0;
    const isUnder = before !== undefined && letter.left < before.right && letter.right > before.left;
    // A letter above or below the letter before it is in another row. A letter beside it is, too, if it is a whole em
    // higher or lower: a raised or lowered letter is never that far away.
    if (away > STACKED_EM * letter.size && (isUnder || away > Math.max(letter.size, before!.size))) {
      parts.push([from, at]);
      from = at;
    }
    before = letter;
  }
  return [...parts, [from, end]];
}

/**
 * Puts the letters of a line into reading order. If the line has several cells, returns one line with tabs between the
 * cells; or, with `page.cells`, a line for each cell, unless the gaps are about equally wide.
 */
function reordered(page: PageText, line: RawLine, { words: _, ...place }: Omit<Line, "text">): Line[] {
  const { size } = line;
  const rtl = page.mostlyRtl;
  const { cells, gaps } = inCells(signsOf(page.letters, line), { size, cellGap: CELL_GAP_EM * size });
  const read = cells.map((signs) => {
    const text = inReadingOrder(signs, { size, rtl });
    return { ...place, text, ...extentOf(signs), words: page.styled ? wordsApart(signs, text, size) : undefined };
  });
  return inRow(page, read, gaps);
}

/** Puts the letters of clusters into the right order. Returns undefined if PDFium's order is right already. */
function clustered(page: PageText, line: RawLine): (Placed & Pick<Line, "even" | "tabs" | "words">) | undefined {
  if (line.text.length > MAX_REORDERED || !CLUSTERED.test(line.text)) return undefined;
  const signs = signsOf(page.letters, line).map((sign) => ({
    ...sign,
    madeFrom: sign.text === " " ? madeFrom(page, line.start + sign.index) : 0,
  }));
  const read = inClusterOrder(signs, { size: line.size, cellEm: CELL_GAP_EM });
  if (read === undefined) return undefined;
  const { gaps, ...shown } = read;
  return {
    ...shown,
    even: isEven(rangeOf(gaps), shown.text, line.size),
    ...extentOf(signs),
    words: page.styled ? wordsApart(signs, shown.text, line.size) : undefined,
  };
}

type Placed = Pick<Line, "text" | "left" | "right">;
