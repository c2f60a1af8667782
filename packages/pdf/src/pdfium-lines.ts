import type { Line } from "./layout.ts";
import type { Pdfium } from "./pdfium.ts";

/** A gap as wide as this, in ems, stands between two cells of a row, not between two words. */
const CELL_GAP_EM = 1.1;
/** After the sign for a hyphen at a line's end PDFium goes right on with the next line. */
const LINE_END = /(\r\n)|(?<=[\u0002\ufffe])(?!\r\n)/;
const RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const STRAY_MARK = / ([\u064b-\u0652\u0670]+)(\p{Script=Arabic})/gu;
const ALEF_LAM = /[\u0622\u0623\u0625\u0627\u0671][\u064b-\u065f]?\u0644/g;

/** The lines of a text page with where they stand. */
export function readLines(pdfium: Pdfium, text: number): Line[] {
  const count = pdfium.call.FPDFText_CountChars(text);
  if (count <= 0) return [];
  const raw = readText(pdfium, text, count);
  const place = placing(pdfium, text, raw.length === count);
  try {
    const lines: Line[] = [];
    let at = 0;
    for (const piece of raw.split(LINE_END).filter((part) => part !== undefined)) {
      if (piece !== "\r\n") lines.push(lineOf(place, piece, at));
      at += piece.length;
    }
    return lines;
  } finally {
    place.done();
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

/** `same`: each character is one unit of the text, so that an index into one is an index into the other. */
function placing({ call, allocate, heap }: Pdfium, text: number, same: boolean): Placing {
  const at = allocate(6 * 8);
  const [left, right, bottom, top, x, y] = [at, at + 8, at + 16, at + 24, at + 32, at + 40] as const;
  let memory = heap();
  let view = new DataView(memory.buffer, memory.byteOffset + at, 48);
  const number = (offset: number): number => {
    // Memory that has grown since lies elsewhere.
    if (memory !== heap()) {
      memory = heap();
      view = new DataView(memory.buffer, memory.byteOffset + at, 48);
    }
    return view.getFloat64(offset, true);
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
      const size = Math.max(call.FPDFText_GetFontSize(text, char), number(24) - number(16));
      return { left: number(0), right: number(8), x: number(32), baseline: number(40), size };
    },
    gap(one, other) {
      if (boxed(one) < 0) return 0;
      const [oneLeft, oneRight] = [number(0), number(8)];
      if (boxed(other) < 0) return 0;
      return Math.max(0, number(0) - oneRight, oneLeft - number(8));
    },
    done: () => call.free(at),
  };
}

function lineOf(place: Placing, raw: string, start: number): Line {
  const nowhere = { text: raw, left: 0, right: 0, baseline: 0, size: 0 };
  const first = raw.search(/\S/);
  if (first < 0) return nowhere;
  const last = raw.search(/[^\s\u0002\ufffe]\s*[\u0002\ufffe]?\s*$/);
  const begin = place.of(start + first);
  const end = place.of(start + Math.max(first, last));
  if (!begin || !end) return nowhere;
  const text = inLogicalOrder(place, withCells(place, raw, start, first, begin.size), start);
  const level = Math.abs(begin.baseline - end.baseline) < 0.5 * begin.size;
  const [left, right] = [Math.min(begin.left, end.left), Math.max(begin.right, end.right)];
  return { text, left, right, baseline: begin.baseline, size: level ? begin.size : 0 };
}

/** Blanks between cells become tabs: one unit for another, so that indices stay. */
function withCells(place: Placing, raw: string, start: number, first: number, size: number): string {
  let text = raw;
  for (let at = raw.indexOf(" ", first); at > 0 && at < raw.length - 1; at = raw.indexOf(" ", at + 1)) {
    // Where the direction turns, neighbours in the text are none on the page.
    if (RTL.test(raw.charAt(at - 1)) !== RTL.test(raw.charAt(at + 1))) continue;
    const gap = place.gap(start + at - 1, start + at + 1);
    if (gap > CELL_GAP_EM * size) text = `${text.slice(0, at)}\t${text.slice(at + 1)}`;
  }
  return text;
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
