import type { Line } from "../text/layout.ts";
import { isSpace, spaceEnd, spaceStart } from "../text/space.ts";
import type { Pdfium } from "./pdfium.ts";

/*
 * This code runs once for every character of a document. It therefore compares code units instead of matching patterns,
 * and calls PDFium as rarely as possible: patterns and more calls cost a tenth of the time that PDFium itself takes.
 */

/** A gap as wide as this, in ems, stands between two cells of a row, not between two words. */
const CELL_GAP_EM = 1.1;
const RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const STRAY_MARK = / ([\u064b-\u0652\u0670]+)(\p{Script=Arabic})/gu;
const ALEF_LAM = /[\u0622\u0623\u0625\u0627\u0671][\u064b-\u065f]?\u0644/g;
/** PDFium's signs for a hyphen that a line's end called for. */
const HYPHEN = /[\u0002\ufffe]/;
const isHyphen = (unit: number): boolean => unit === 0x0002 || unit === 0xfffe;

/** The lines of a text page with where they stand. */
export function readLines(pdfium: Pdfium, text: number): Line[] {
  const count = pdfium.call.FPDFText_CountChars(text);
  if (count <= 0) return [];
  const raw = readText(pdfium, text, count);
  const place = placing(pdfium, text, raw.length === count);
  const rtl = RTL.test(raw);
  try {
    return pieces(raw).map(([start, end]) => lineOf(place, raw.slice(start, end), start, rtl));
  } finally {
    place.done();
  }
}

/** Where lines begin and end. After the sign for a hyphen PDFium goes right on with the next line. */
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

function readText({ call, allocate, heap }: Pdfium, text: number, count: number): string {
  // UTF-16 with a closing NUL; a character beyond the basic plane takes two units.
  const at = allocate((count * 2 + 1) * 2);
  try {
    const written = call.FPDFText_GetText(text, 0, count, at);
    const bytes = heap();
    return Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.max(0, written - 1) * 2).toString("utf16le");
  } finally {
    call.free(at);
  }
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly x: number;
  readonly baseline: number;
  readonly size: number;
}

interface Placing {
  /** Where the character stands, by its index in the text. */
  of(index: number): Box | undefined;
  /** How far two characters, each by its index, stand apart from side to side; 0 when they touch or it is not known. */
  gap(one: number, other: number): number;
  done(): void;
}

const [LEFT, RIGHT, BOTTOM, TOP, X, Y] = [0, 1, 2, 3, 4, 5] as const;

/** `same`: each character is one unit of the text, so that an index into one is an index into the other. */
function placing({ call, allocate, heap }: Pdfium, text: number, same: boolean): Placing {
  const at = allocate(6 * 8);
  const [left, right, bottom, top, x, y] = [at, at + 8, at + 16, at + 24, at + 32, at + 40] as const;
  let view = new Float64Array(heap().buffer, at, 6);
  const number = (index: number): number => {
    // Memory that has grown since lies elsewhere.
    if (view.length === 0) view = new Float64Array(heap().buffer, at, 6);
    return view[index] as number;
  };
  const boxed = (index: number): number => {
    const char = same ? index : call.FPDFText_GetCharIndexFromTextIndex(text, index);
    return char >= 0 && call.FPDFText_GetCharBox(text, char, left, right, bottom, top) ? char : -1;
  };
  return {
    of(index) {
      const char = boxed(index);
      if (char < 0) return undefined;
      call.FPDFText_GetCharOrigin(text, char, x, y);
      // The font's own size knows nothing of a text matrix: the box of a letter is never taller than its size.
      const size = Math.max(call.FPDFText_GetFontSize(text, char), number(TOP) - number(BOTTOM));
      return { left: number(LEFT), right: number(RIGHT), x: number(X), baseline: number(Y), size };
    },
    gap(one, other) {
      if (boxed(one) < 0) return 0;
      const [oneLeft, oneRight] = [number(LEFT), number(RIGHT)];
      if (boxed(other) < 0) return 0;
      return Math.max(0, number(LEFT) - oneRight, oneLeft - number(RIGHT));
    },
    done: () => call.free(at),
  };
}

function lineOf(place: Placing, raw: string, start: number, rtl: boolean): Line {
  const nowhere = { text: raw, left: 0, right: 0, baseline: 0, size: 0 };
  const first = spaceEnd(raw);
  if (first === raw.length) return nowhere;
  const begin = place.of(start + first);
  const end = place.of(start + Math.max(first, lastLetter(raw)));
  if (!begin || !end) return nowhere;
  const cells = withCells(place, { raw, start, first, size: begin.size, rtl });
  const text = rtl ? inLogicalOrder(place, cells, start) : cells;
  const level = Math.abs(begin.baseline - end.baseline) < 0.5 * begin.size;
  const [left, right] = [Math.min(begin.left, end.left), Math.max(begin.right, end.right)];
  return { text, left, right, baseline: begin.baseline, size: level ? begin.size : 0 };
}

/** Of a line with or without a sign for a hyphen at its end; -1 when there is none. */
function lastLetter(raw: string): number {
  let last = spaceStart(raw) - 1;
  if (isHyphen(raw.charCodeAt(last))) last--;
  while (last >= 0 && isSpace(raw.charCodeAt(last))) last--;
  return isHyphen(raw.charCodeAt(last)) ? -1 : last;
}

interface RawLine {
  readonly raw: string;
  /** Where it begins in the text of the page. */
  readonly start: number;
  /** Its first character that is not white space, by its index in the line. */
  readonly first: number;
  readonly size: number;
  /** There is right-to-left text on the page. */
  readonly rtl: boolean;
}

/** Blanks between cells become tabs: one unit for another, so that indices stay. */
function withCells(place: Placing, { raw, start, first, size, rtl }: RawLine): string {
  let text = "";
  let done = 0;
  for (let at = raw.indexOf(" ", first); at > 0 && at < raw.length - 1; at = raw.indexOf(" ", at + 1)) {
    // Where the direction changes, neighbours in the text are not neighbours on the page.
    if (rtl && RTL.test(raw.charAt(at - 1)) !== RTL.test(raw.charAt(at + 1))) continue;
    if (place.gap(start + at - 1, start + at + 1) <= CELL_GAP_EM * size) continue;
    text += `${raw.slice(done, at)}\t`;
    done = at + 1;
  }
  return done === 0 ? raw : text + raw.slice(done);
}

/**
 * A lam-alef ligature is one glyph for two letters; PDFium turns right-to-left lines round letter by letter, these two
 * with them. Two letters at one and the same place are such a glyph. A vowel mark that stands over its letter comes
 * before it, with a blank that is none.
 */
function inLogicalOrder(place: Placing, text: string, start: number): string {
  const turned = text.replace(ALEF_LAM, (pair, at: number) => {
    const [alef, lam] = [place.of(start + at), place.of(start + at + pair.length - 1)];
    const oneGlyph = alef && lam && alef.x === lam.x && alef.left === lam.left;
    return oneGlyph ? [...pair].reverse().join("") : pair;
  });
  return turned.replace(STRAY_MARK, "$2$1");
}
