import { turnedBox, turnedPoint, type Box, type Turn } from "../text/turn.ts";
import type { Style } from "../text/styled.ts";
import { styleOf } from "./pdfium-style.ts";
import type { Pdfium } from "./pdfium.ts";

/** A character as it stands on the page, in points from the left and from the bottom. */
export interface Letter {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  /** Where it is drawn from; all letters of one glyph have the same place. */
  readonly x: number;
  readonly baseline: number;
  /** Of its type. */
  readonly size: number;
}

/** The characters of a text page by their index in its text. Each look costs calls of PDFium. */
export interface Letters {
  of(index: number): Letter | undefined;
  /** How far two characters stand apart from side to side; 0 when they touch or it is not known. */
  gap(one: number, other: number): number;
  /** How far one character's pen ends before the other one's begins; less than 0 where they overlap. The first's own width is that of its font. */
  advanceGap(one: number, other: number): number;
  /** The direction that a character is written in, as a turn of the page's own. */
  turnOf(index: number): Turn;
  /** The letters are drawn upright: not turned with their line. */
  isUpright(index: number): boolean;
  /** PDFium made this character up from a gap. */
  isGenerated(index: number): boolean;
  /** The character belongs to no text object: PDFium made it up between two. */
  isBetween(index: number): boolean;
  /** The font does not say which character this is: PDFium has guessed. */
  isUnnamed(index: number): boolean;
  /** How a character looks. */
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
 * `chars`: for each unit of the text the index of its character; not given where they are the same. `spans`: where characters
 * stand of which PDFium does not know it. `turn`: places are as seen on the page turned so that text of that direction is upright.
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
      // A font may be of size 1 and drawn ten times as large, or the other way round.
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

/** Where PDFium says that the characters of a text page are. It writes each answer to the same place in its memory. */
interface Places {
  /** The index of the character of a unit of the text; -1: of none. */
  charOf(index: number): number;
  /** Asks for the box of a character. The character; -1 when its box is not known. */
  measure(index: number): number;
  /** The box that was measured last, of this character. */
  boxOf(char: number): { left: number; right: number; top: number };
  /** Where a character is drawn from. */
  originOf(char: number): { x: number; y: number };
  /** The matrix that a character is drawn by: a, b, c, d. It takes the place of a box in memory. */
  matrix(char: number): readonly [number, number, number, number];
  /** From where a character is drawn to where the next one would be. Not known of clusters. */
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
    // Memory that has grown since lies elsewhere.
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
