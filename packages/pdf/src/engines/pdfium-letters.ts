import { turnedBox, turnedPoint, type Box, type Turn } from "../text/turn.ts";
import type { Style } from "../text/styled.ts";
import { styleOf } from "./pdfium-style.ts";
import type { Pdfium } from "./pdfium.ts";

/** The position of a character on the page, in points from the left and from the bottom. */
export interface Letter {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  /** The origin from which the character is drawn; all letters of one glyph have the same origin. */
  readonly x: number;
  readonly baseline: number;
  /** The size of its type. */
  readonly size: number;
}

/** The characters of a text page by their index in its text. Each lookup costs calls of PDFium. */
export interface Letters {
  of(index: number): Letter | undefined;
  /** The horizontal gap between two characters; 0 when they touch or it is unknown. */
  gap(one: number, other: number): number;
  /**
   * The gap from the advance end of one character to the origin of another; negative when they overlap. The first
   * character's width comes from its font.
   */
  advanceGap(one: number, other: number): number;
  /** The direction in which a character is written, relative to the page's own. */
  turnOf(index: number): Turn;
  /** The letters are drawn upright, not turned with their line. */
  isUpright(index: number): boolean;
  /** PDFium made this character from a gap. */
  isGenerated(index: number): boolean;
  /** The character belongs to no text object: PDFium made it between two objects. */
  isBetween(index: number): boolean;
  /** The font does not say which character this is, so PDFium has guessed. */
  isUnnamed(index: number): boolean;
  /** The style of a character. */
  style(index: number): Omit<Style, "words">;
  done(): void;
}

interface LettersGiven {
  readonly chars?: Int32Array | undefined;
  readonly spans?: ReadonlyMap<number, Box> | undefined;
  readonly turn?: Turn;
}

const [LEFT, RIGHT, BOTTOM, TOP, X, Y] = [0, 1, 2, 3, 4, 5] as const;

/**
 * `chars`: the index of the character for each UTF-16 unit of the text; left out when units and characters have the
 * same indexes. `spans`: positions of characters that PDFium does not know. `turn`: positions are those on the page
 * turned so that text of this direction is upright.
 */
export function lettersOf(pdfium: Pdfium, text: number, given: LettersGiven): Letters {
  const { call } = pdfium;
  const { turn = 0 } = given;
  const { charOf, measure, boxOf, originOf, matrix, advanced, free } = placesOf(pdfium, text, given);
  return {
    of(index) {
      const char = measure(index);
      if (char < 0) return undefined;
      const box = boxOf(char);
      const { x, y: baseline } = originOf(char);
      const [, , c, d] = matrix(char);
      // The font size alone is not enough: a font may have size 1 and be drawn ten times as large, or the reverse.
      return {
        left: box.left,
        right: box.right,
        top: box.top,
        x,
        baseline,
        size: call.FPDFText_GetFontSize(text, char) * Math.hypot(c, d),
      };
    },
    gap(one, other) {
      const oneChar = measure(one);
      if (oneChar < 0) return 0;
      const { left: oneLeft, right: oneRight } = boxOf(oneChar);
      const otherChar = measure(other);
      if (otherChar < 0) return 0;
      const { left: otherLeft, right: otherRight } = boxOf(otherChar);
      return Math.max(0, otherLeft - oneRight, oneLeft - otherRight);
    },
    advanceGap(one, other) {
      const [before, after] = [advanced(one), advanced(other)];
      return before && after ? after.left - before.right : 0;
    },
    isUpright(index) {
      const [p, q, r, s] = matrix(charOf(index));
      const [a, b, c, d] = turn % 2 === 0 ? [p, q, r, s] : [q, p, s, r];
      return Math.abs(b) + Math.abs(c) < 0.1 * (Math.abs(a) + Math.abs(d)) || Math.abs(b) < 0.1 * Math.abs(a);
    },
    turnOf(index) {
      const [a, b] = matrix(charOf(index));
      if (Math.abs(b) > Math.abs(a)) return b > 0 ? 1 : 3;
      return a < 0 ? 2 : 0;
    },
    style: (index) => styleOf(pdfium, text, charOf(index)),
    isGenerated: (index) => call.FPDFText_IsGenerated(text, charOf(index)) === 1,
    isBetween: (index) => call.FPDFText_GetTextObject(text, charOf(index)) === 0,
    isUnnamed: (index) => call.FPDFText_HasUnicodeMapError(text, charOf(index)) === 1,
    done: () => free(),
  };
}

/** The positions of a text page's characters. PDFium writes each answer to the same address of its memory. */
interface Places {
  /** The index of the character for a UTF-16 unit of the text; -1 if there is none. */
  charOf(index: number): number;
  /** Measures the box of a character. Returns the character's index; -1 when its box is unknown. */
  measure(index: number): number;
  /** The box of this character, which must be the last one that was measured. */
  boxOf(char: number): { left: number; right: number; top: number };
  /** The origin of a character. */
  originOf(char: number): { x: number; y: number };
  /** The matrix by which a character is drawn: a, b, c, d. It overwrites a measured box. */
  matrix(char: number): readonly [number, number, number, number];
  /** The extent from a character's origin to the origin of the next one. Unknown for clusters. */
  advanced(index: number): { left: number; right: number } | undefined;
  free(): void;
}

function placesOf(pdfium: Pdfium, text: number, { chars, spans, turn = 0 }: LettersGiven): Places {
  const { call, allocate, heap } = pdfium;
  const at = allocate(6 * 8);
  const [left, right, bottom, top, x, y] = [at, at + 8, at + 16, at + 24, at + 32, at + 40] as const;
  let doubles = new Float64Array(heap().buffer, at, 6);
  let floats = new Float32Array(heap().buffer, at, 6);
  const number = (index: number): number => {
    // When WASM memory has grown, the old view is empty, and a new one is needed.
    if (doubles.length === 0) doubles = new Float64Array(heap().buffer, at, 6);
    return doubles[index] as number;
  };
  const charOf = (index: number): number => (chars ? (chars[index] ?? -1) : index);
  const measure = (index: number): number => {
    const char = charOf(index);
    return char >= 0 && call.FPDFText_GetCharBox(text, char, left, right, bottom, top) ? char : -1;
  };
  const matrix = (char: number): readonly [number, number, number, number] => {
    if (!call.FPDFText_GetMatrix(text, char, at)) return [1, 0, 0, 1];
    if (floats.length === 0) floats = new Float32Array(heap().buffer, at, 6);
    const [a = 1, b = 0, c = 0, d = 1] = floats;
    return [a, b, c, d];
  };
  const boxOf = (char: number): { left: number; right: number; top: number } => {
    const span = spans?.get(char);
    if (span) return turnedBox(turn, span);
    if (turn === 0) return { left: number(LEFT), right: number(RIGHT), top: number(TOP) };
    return turnedBox(turn, {
      left: number(LEFT),
      right: number(RIGHT),
      bottom: number(BOTTOM),
      top: number(TOP),
    });
  };
  const advanced = (index: number): { left: number; right: number } | undefined => {
    const char = charOf(index);
    const span = spans?.get(char);
    if (span) return turnedBox(turn, span);
    if (!call.FPDFText_GetLooseCharBox(text, char, at)) return undefined;
    if (floats.length === 0) floats = new Float32Array(heap().buffer, at, 6);
    const [left = 0, top = 0, right = 0, bottom = 0] = floats;
    return turnedBox(turn, { left, right, bottom, top });
  };
  const originOf = (char: number): { x: number; y: number } => {
    call.FPDFText_GetCharOrigin(text, char, x, y);
    return turn === 0 ? { x: number(X), y: number(Y) } : turnedPoint(turn, number(X), number(Y));
  };
  return { charOf, measure, boxOf, originOf, matrix, advanced, free: () => call.free(at) };
}
