import type { PlacedSign } from "../text/right-to-left.ts";
import { rotatedBox, rotatedPoint, type Box, type Rotation } from "../text/rotation.ts";
import type { Style } from "../text/styled.ts";
import type { Pdfium } from "./pdfium.ts";

/** The position of a character on the page. Lengths in points from the left and from the bottom. */
export interface Letter {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  /**
   * `x` and `baseline` are the origin: the point at which the character is drawn. All characters of one glyph have the
   * same origin.
   */
  readonly x: number;
  readonly baseline: number;
  /** The font size with which the character is drawn, in points. */
  readonly size: number;
  /** The direction of its text, on the page before any rotation; undefined if this is not one of four. */
  readonly direction?: Rotation | undefined;
}

/** The characters of a page's text. `index` is an index in this text. Every function calls PDFium, which takes time. */
export interface Letters {
  of(index: number): Letter | undefined;
  /**
   * The horizontal gap between the ink of two characters, in points; 0 if they touch, or their positions are unknown.
   */
  gap(one: number, other: number): number;
  /**
   * The gap from the end of the first character's advance width to the origin of the other character; negative if they
   * overlap. The advance width is the width in the font, not the width of the ink.
   */
  advanceGap(one: number, other: number): number;
  /** The direction of a character's text, on the page before any rotation. */
  rotationOf(index: number): Rotation;
  /** The same; undefined if its text is at an angle to the edges of the page. */
  directionOf(index: number): Rotation | undefined;
  /** Whether a character is drawn upright, not turned with its line. */
  isUpright(index: number): boolean;
  /** Whether PDFium has made this character, for example a blank from a gap. */
  isGenerated(index: number): boolean;
  /** Whether PDFium has made this character between two text objects, so that it belongs to neither. */
  isBetween(index: number): boolean;
  /** The text object to which a character belongs; 0 if there is none. */
  objectOf(index: number): number;
  /**
   * Whether this character is only PDFium's guess: its font does not state which character it is, and its code was not
   * decoded in another way.
   */
  isUnnamed(index: number): boolean;
  style(index: number): Omit<Style, "words">;
  done(): void;
}

interface LettersGiven {
  readonly chars?: Int32Array | undefined;
  readonly spans?: ReadonlyMap<number, Box> | undefined;
  readonly decoded?: ReadonlySet<number> | undefined;
  readonly rotation?: Rotation;
}

/**
 * A letter that is higher than MAX_HEIGHT_EM ems belongs to a Type 3 font (a font whose letters are drawings) with a
 * scale of its own, as old TeX has. All letters of such fonts are that high, letters of other fonts are not. For such a
 * letter the stated font size is wrong, so the size is computed: EM_OF_HEIGHT times the height of the highest among the
 * NEIGHBOURS letters before and after, because capitals are about 0.7 ems high.
 */
const [MAX_HEIGHT_EM, EM_OF_HEIGHT, NEIGHBOURS] = [2.5, 1.4, 12] as const;
/** The sine of the least angle, roughly, at which text counts as neither horizontal nor vertical. */
const AT_ANGLE = 0.1;
const [LEFT, RIGHT, BOTTOM, TOP, X, Y] = [0, 1, 2, 3, 4, 5] as const;

/**
 * The letters of a page's text.
 * - `chars`: for each UTF-16 unit of the text, the index of PDFium's character; left out if units and characters
 *   have the same indexes.
 * - `spans`: rectangles that replace those of PDFium, by the index of PDFium's character.
 * - `decoded`: the indexes of PDFium's characters that are known from their codes, even if their font does not name
 *   them.
 * - `rotation`: the direction of the text. Positions are those on the page turned so that this text is upright.
 */
export function lettersOf(pdfium: Pdfium, text: number, given: LettersGiven): Letters {
  const { call } = pdfium;
  const { rotation = 0 } = given;
  const { charOf, measure, boxOf, originOf, matrix, advanced, free } = placesOf(pdfium, text, given);
  /**
   * How far the highest letter near `index` reaches above this baseline, in points. Only letters on this baseline
   * count.
   */
  const heightAround = (index: number, baseline: number): number => {
    let height = 0;
    for (let near = Math.max(0, index - NEIGHBOURS); near <= index + NEIGHBOURS; near++) {
      const char = measure(near);
      if (char < 0) continue;
      const { top } = boxOf(char);
      if (originOf(char).y === baseline) height = Math.max(height, top - baseline);
    }
    return height;
  };
  return {
    of(index) {
      const char = measure(index);
      if (char < 0) return undefined;
      const box = boxOf(char);
      const { x, y: baseline } = originOf(char);
      const [a, b, c, d] = matrix(char);
      // The real size is the stated font size times the scale of the matrix: a font may have size 1 and be drawn ten
      // times as large, or the reverse. The stated font size may also be negative, with a matrix that turns the letters
      // back.
      const stated = call.FPDFText_GetFontSize(text, char);
      const size = Math.abs(stated) * Math.hypot(c, d);
      const isOwnScale = box.top - baseline > MAX_HEIGHT_EM * size;
      return {
        left: box.left,
        right: box.right,
        top: box.top,
        x,
        baseline,
        size: isOwnScale ? heightAround(index, baseline) * EM_OF_HEIGHT : size,
        direction: isAtAngle(a, b) ? undefined : directionOf(a, b, stated),
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
      const [a, b, c, d] = rotation % 2 === 0 ? [p, q, r, s] : [q, p, s, r];
      return Math.abs(b) + Math.abs(c) < 0.1 * (Math.abs(a) + Math.abs(d)) || Math.abs(b) < 0.1 * Math.abs(a);
    },
    rotationOf(index) {
      const [a, b] = matrix(charOf(index));
      return directionOf(a, b, call.FPDFText_GetFontSize(text, charOf(index)));
    },
    directionOf(index) {
      const [a, b] = matrix(charOf(index));
      return isAtAngle(a, b) ? undefined : directionOf(a, b, call.FPDFText_GetFontSize(text, charOf(index)));
    },
    style: (index) => styleOf(pdfium, text, charOf(index)),
    isGenerated: (index) => call.FPDFText_IsGenerated(text, charOf(index)) === 1,
    objectOf: (index) => call.FPDFText_GetTextObject(text, charOf(index)),
    isBetween: (index) => call.FPDFText_GetTextObject(text, charOf(index)) === 0,
    isUnnamed: (index) =>
      call.FPDFText_HasUnicodeMapError(text, charOf(index)) === 1 && given.decoded?.has(charOf(index)) !== true,
    done: () => free(),
  };
}

/** Calls `use` with the letters of a text, and frees what they have allocated. */
export function withLetters<T>(pdfium: Pdfium, text: number, given: LettersGiven, use: (letters: Letters) => T): T {
  const letters = lettersOf(pdfium, text, given);
  try {
    return use(letters);
  } finally {
    letters.done();
  }
}

/** The direction of text with this matrix. A negative font size turns the letters by half a turn. */
function directionOf(a: number, b: number, size: number): Rotation {
  const isTurned = size < 0;
  if (Math.abs(b) > Math.abs(a)) return b > 0 === isTurned ? 3 : 1;
  return a < 0 === isTurned ? 0 : 2;
}

/** Whether text with this matrix is neither horizontal nor vertical. */
const isAtAngle = (a: number, b: number): boolean =>
  Math.min(Math.abs(a), Math.abs(b)) > AT_ANGLE * Math.max(Math.abs(a), Math.abs(b));

/**
 * Reads the positions of a page's characters. PDFium writes each result to one address, so a call overwrites the result
 * of the call before it.
 */
interface Places {
  /** The index of PDFium's character for a UTF-16 unit of the text; -1 if there is none. */
  charOf(index: number): number;
  /**
   * Lets PDFium write a character's box, which `boxOf` then returns. Returns the index of PDFium's character; -1 if it
   * has no box.
   */
  measure(index: number): number;
  /** The box that `measure` has let PDFium write. `char`: what `measure` has returned. */
  boxOf(char: number): { left: number; right: number; top: number };
  /** The origin of a character: the point at which it is drawn. */
  originOf(char: number): { x: number; y: number };
  /** The numbers a, b, c, d of a character's matrix. Overwrites the box that `measure` has let PDFium write. */
  matrix(char: number): readonly [number, number, number, number];
  /**
   * From where to where a character's advance width reaches, or its cluster's rectangle if it has one (see `spans`).
   * Undefined if unknown.
   */
  advanced(index: number): { left: number; right: number } | undefined;
  free(): void;
}

function placesOf(pdfium: Pdfium, text: number, { chars, spans, rotation = 0 }: LettersGiven): Places {
  const { call, allocate, heap } = pdfium;
  const at = allocate(6 * 8);
  const [left, right, bottom, top, x, y] = [at, at + 8, at + 16, at + 24, at + 32, at + 40] as const;
  let doubles = new Float64Array(heap().buffer, at, 6);
  let floats = new Float32Array(heap().buffer, at, 6);
  const number = (index: number): number => {
    // When WASM memory grows, earlier views of it get the length 0 and must be replaced.
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
    if (span) return rotatedBox(rotation, span);
    if (rotation === 0) return { left: number(LEFT), right: number(RIGHT), top: number(TOP) };
    return rotatedBox(rotation, {
      left: number(LEFT),
      right: number(RIGHT),
      bottom: number(BOTTOM),
      top: number(TOP),
    });
  };
  const advanced = (index: number): { left: number; right: number } | undefined => {
    const char = charOf(index);
    const span = spans?.get(char);
    if (span) return rotatedBox(rotation, span);
    if (!call.FPDFText_GetLooseCharBox(text, char, at)) return undefined;
    if (floats.length === 0) floats = new Float32Array(heap().buffer, at, 6);
    const [left = 0, top = 0, right = 0, bottom = 0] = floats;
    return rotatedBox(rotation, { left, right, bottom, top });
  };
  const originOf = (char: number): { x: number; y: number } => {
    call.FPDFText_GetCharOrigin(text, char, x, y);
    return rotation === 0 ? { x: number(X), y: number(Y) } : rotatedPoint(rotation, number(X), number(Y));
  };
  return { charOf, measure, boxOf, originOf, matrix, advanced, free: () => call.free(at) };
}

/**
 * The characters of a line, with their positions. `start`: the index of the line's first character in the page's text.
 */
export function signsOf(
  letters: Letters,
  { text, start }: { readonly text: string; readonly start: number },
): PlacedSign[] {
  const signs: PlacedSign[] = [];
  for (let at = 0; at < text.length; at++) {
    const sign = String.fromCodePoint(text.codePointAt(at) as number);
    const letter = letters.of(start + at);
    if (letter) signs.push({ text: sign, index: at, left: letter.left, right: letter.right, x: letter.x });
    at += sign.length - 1;
  }
  return signs;
}

/** How many bytes of a font's name are read at most; a longer name is ignored. */
const NAME_BYTES = 128;
const BOLD_WEIGHT = 600;
const FIXED_PITCH = 1;
const BOLD = /bold|black|heavy|demi/i;
/**
 * Matches parts of the names of monospaced fonts. Needed because many programs do not set the flag that marks a font as
 * monospaced.
 */
const MONO = /mono|courier|consol|typewriter|menlo|code|cmtt/i;

function styleOf({ call, allocate, heap }: Pdfium, text: number, char: number): Omit<Style, "words"> {
  const at = allocate(4 + NAME_BYTES);
  try {
    const length = call.FPDFText_GetFontInfo(text, char, at + 4, NAME_BYTES, at);
    const bytes = Buffer.from(heap().buffer, heap().byteOffset + at, 4 + NAME_BYTES);
    const name = length > 0 && length <= NAME_BYTES ? bytes.toString("latin1", 4, 4 + length - 1) : "";
    const isFixed = length > 0 && (bytes.readInt32LE(0) & FIXED_PITCH) === FIXED_PITCH;
    return {
      bold: call.FPDFText_GetFontWeight(text, char) >= BOLD_WEIGHT || BOLD.test(name),
      mono: isFixed || MONO.test(name),
    };
  } finally {
    call.free(at);
  }
}
