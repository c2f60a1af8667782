import type { Pdfium } from "./pdfium.ts";
import type { Box } from "../text/rotation.ts";
import { BLANK_EM, CLUSTERED, PHRASED } from "../text/clusters.ts";
import { RTL } from "../text/right-to-left.ts";
import { CELL_GAP_EM } from "../text/space.ts";
import type { GivenText } from "./pdfium-text.ts";

/** The number by which PDFium denotes a value of the type string, such as that of an ActualText. */
const STRING = 3;
const MAX_MARKS = 8;
/**
 * How many characters after a line end are examined to find out whether a repeated text has caused it. Repeated texts
 * are clusters of a few characters each, so this is enough for many in a row, and examining stays cheap.
 */
const MAX_AHEAD = 64;
/** Characters are on one line if their baselines differ by less than this, in ems. */
const SAME_BASELINE_EM = 0.01;

/** How many objects of a page are examined at most: to find the rectangles of clusters, and the order of drawing. */
const MAX_OBJECTS = 50_000;
const TEXT_OBJECT = 1;

/** A rectangle in points, on the page as it is stored, before any rotation. */
export type Span = Box;

export interface ClusteredText extends GivenText {
  /**
   * By the index of PDFium's character: the rectangle of the character's cluster (a letter with the signs around it).
   * PDFium itself knows only the position of the cluster's first sign.
   */
  readonly spans?: ReadonlyMap<number, Span>;
}

/**
 * Returns the text of a page with each ActualText only once. An ActualText is the text that a PDF states for a group of
 * drawn objects: Chromium, for example, draws a letter and the sign above it as two objects. PDFium returns such a text
 * once, or again for each object of the group.
 */
export function withoutRepeats(
  pdfium: Pdfium,
  { page, text }: { readonly page: number; readonly text: number },
  given: GivenText,
): ClusteredText {
  if (!CLUSTERED.test(given.text) && !RTL.test(given.text)) return given;
  const { call } = pdfium;
  const named = createMarks(pdfium);
  const charAt = (at: number): number => (given.chars ? (given.chars[at] as number) : at);
  const objectAt = (at: number): number => call.FPDFText_GetTextObject(text, charAt(at));
  const markOf = (object: number): number => (object === 0 ? 0 : named.markOf(object));
  let allSpans: Map<number, Span> | undefined;
  const spanOf = (mark: number): Span | undefined => (allSpans ??= spansOf(pdfium, page, named.markOf)).get(mark);
  const places = createPlaces(pdfium, text, (char) => spanOf(markOf(call.FPDFText_GetTextObject(text, char))));
  const owners = new Map<number, number>();
  const isRepeat = (object: number, mark: number): boolean => mark !== 0 && (owners.get(mark) ?? object) !== object;
  const charsOf = new Map<number, number[]>();
  const chars: number[] = [];
  const signs: string[] = [];
  // The last two signs.
  let end = "";
  let isAfterRepeat = false;
  // The last character that PDFium has not made itself.
  let drawn = -1;
  /**
   * How the line goes on after the line end at `at`, with a blank or without; undefined if it does not. A repeated text
   * stands to the left of what was before it, so PDFium may write a line end before or after it.
   */
  const goesOnAfter = (at: number): " " | "" | undefined => {
    const end = Math.min(at + MAX_AHEAD, given.text.length);
    for (let next = at + 2, isAtRepeat = isAfterRepeat; next < end; next++) {
      const object = objectAt(next);
      if (isRepeat(object, markOf(object))) isAtRepeat = true;
      else if (object !== 0)
        return isAtRepeat ? places.joinOf(drawn, charAt(next), given.text.charAt(next)) : undefined;
    }
    return undefined;
  };
  for (let at = 0; at < given.text.length; at++) {
    const object = objectAt(at);
    const mark = markOf(object);
    if (isRepeat(object, mark)) {
      isAfterRepeat = true;
      continue;
    }
    const isLineEnd = given.text.startsWith("\r\n", at);
    const goesOn = object === 0 && isLineEnd ? goesOnAfter(at) : undefined;
    const isBlank = object === 0 && (given.text.charAt(at) === " " || goesOn === " ");
    // A repeated text is left out, but PDFium makes a blank or a line end before it and another one after it. Of these
    // two, only the first is kept, because only its width can be measured.
    const isSecond = isBlank ? isAfterRepeat && /\s$/.test(end) : isLineEnd && end === "\r\n";
    if (isSecond || goesOn === "") {
      if (isLineEnd) at++;
      continue;
    }
    // A blank that PDFium made before a repeated text at the end of a line is not real.
    if (isLineEnd && !isBlank && isAfterRepeat && end.endsWith(" ") && chars.at(-1) !== drawn) {
      chars.pop();
      signs.pop();
    }
    isAfterRepeat = false;
    if (mark !== 0) {
      owners.set(mark, object);
      const own = charsOf.get(mark) ?? [];
      own.push(charAt(at));
      charsOf.set(mark, own);
    }
    chars.push(charAt(at));
    if (object !== 0) drawn = charAt(at);
    const sign = isBlank ? " " : given.text.charAt(at);
    if (isBlank && isLineEnd) at++;
    signs.push(sign);
    end = end.slice(-1) + sign;
  }
  const spans = new Map([...charsOf].flatMap(([mark, own]) => withSpan(own, spanOf(mark))));
  named.done();
  places.done();
  return { ...given, text: signs.join(""), chars: Int32Array.from(chars), spans };
}

const withSpan = (chars: readonly number[], span: Span | undefined): Array<[number, Span]> =>
  span ? chars.map((char) => [char, span]) : [];

/**
 * Compares the places of a page's characters. `joinOf` returns what is between two characters, of which the other one is
 * `sign`: a blank, nothing, or undefined if they are not beside each other in one cell of a line. `spanOf` returns the
 * rectangle of a character's cluster. `done` frees the memory.
 */
function createPlaces(
  { call, allocate, heap }: Pdfium,
  text: number,
  spanOf: (char: number) => Span | undefined,
): { joinOf(one: number, other: number, sign: string): " " | "" | undefined; done(): void } {
  const at = allocate(32);
  const placeOf = (char: number): readonly [x: number, y: number] => {
    if (!call.FPDFText_GetCharOrigin(text, char, at, at + 8)) return [Number.NaN, Number.NaN];
    const [x = 0, y = 0] = new Float64Array(heap().buffer, at, 2);
    return [x, y];
  };
  const edgesOf = (char: number): Pick<Span, "left" | "right"> => {
    const span = spanOf(char);
    if (span) return span;
    if (!call.FPDFText_GetCharBox(text, char, at, at + 8, at + 16, at + 24))
      return { left: Number.NaN, right: Number.NaN };
    const [left = 0, right = 0] = new Float64Array(heap().buffer, at, 2);
    return { left, right };
  };
  const sizeOf = (char: number): number => {
    const size = Math.abs(call.FPDFText_GetFontSize(text, char));
    if (!call.FPDFText_GetMatrix(text, char, at)) return size;
    const [, , c = 0, d = 1] = new Float32Array(heap().buffer, at, 6);
    return size * Math.hypot(c, d);
  };
  return {
    joinOf(one, other, sign) {
      const [[x, y], [nextX, nextY]] = [placeOf(one), placeOf(other)];
      const em = sizeOf(one);
      if (!(nextX > x && Math.abs(nextY - y) < SAME_BASELINE_EM * em)) return undefined;
      const gap = edgesOf(other).left - edgesOf(one).right;
      if (gap > CELL_GAP_EM * em) return undefined;
      return gap < BLANK_EM * em && PHRASED.test(sign) ? "" : " ";
    },
    done: () => call.free(at),
  };
}

/**
 * Reads the content marks of a PDF, with which a PDF groups drawn objects. `markOf` returns the innermost content mark
 * that has an ActualText and contains this text object; 0 if there is none. `done` frees the memory.
 */
function createMarks({ call, allocate, heap }: Pdfium): { markOf(object: number): number; done(): void } {
  const key = allocate("ActualText".length + 1);
  heap().set(Buffer.from("ActualText\0"), key);
  const known = new Map<number, number>();
  const find = (object: number): number => {
    const count = Math.min(call.FPDFPageObj_CountMarks(object), MAX_MARKS);
    for (let index = count - 1; index >= 0; index--) {
      const mark = call.FPDFPageObj_GetMark(object, index);
      if (mark !== 0 && call.FPDFPageObjMark_GetParamValueType(mark, key) === STRING) return mark;
    }
    return 0;
  };
  return {
    markOf(object) {
      const mark = known.get(object) ?? find(object);
      known.set(object, mark);
      return mark;
    },
    done: () => call.free(key),
  };
}

/** Returns, for each content mark with an ActualText, the rectangle around the text objects in this content mark. */
function spansOf(
  { call, allocate, heap }: Pdfium,
  page: number,
  markOf: (object: number) => number,
): Map<number, Span> {
  const spans = new Map<number, Span>();
  const at = allocate(16);
  const count = Math.min(call.FPDFPage_CountObjects(page), MAX_OBJECTS);
  for (let index = 0; index < count; index++) {
    const object = call.FPDFPage_GetObject(page, index);
    if (call.FPDFPageObj_GetType(object) !== TEXT_OBJECT) continue;
    const mark = markOf(object);
    if (mark === 0 || !call.FPDFPageObj_GetBounds(object, at, at + 4, at + 8, at + 12)) continue;
    const bytes = heap();
    const [left = 0, bottom = 0, right = 0, top = 0] = new Float32Array(bytes.buffer, bytes.byteOffset + at, 4);
    const span = spans.get(mark) ?? { left, bottom, right, top };
    spans.set(mark, {
      left: Math.min(span.left, left),
      bottom: Math.min(span.bottom, bottom),
      right: Math.max(span.right, right),
      top: Math.max(span.top, top),
    });
  }
  call.free(at);
  return spans;
}

/** The order in which the text objects of a page are drawn. */
export interface Drawing {
  /**
   * The place of an object in the order in which the page draws its objects; undefined for an object inside of a form
   * object (a group that the page draws as one).
   */
  orderOf(object: number): number | undefined;
  /**
   * Whether the page draws a blank between these two places in the order of drawing. PDFium itself leaves out a blank
   * where it sees a line end.
   */
  hasBlank(one: number, other: number): boolean;
}

/** Reads the order in which a page draws its objects. `isRead`: whether PDFium gives text for an object. */
export function drawingOf(pdfium: Pdfium, page: number, isRead: (object: number) => boolean): Drawing {
  const { call, allocate, heap } = pdfium;
  const named = createMarks(pdfium);
  const orders = new Map<number, number>();
  const at = allocate(16);
  const hasInk = (object: number): boolean => {
    if (!call.FPDFPageObj_GetBounds(object, at, at + 4, at + 8, at + 12)) return false;
    const [left = 0, bottom = 0, right = 0, top = 0] = new Float32Array(heap().buffer, heap().byteOffset + at, 4);
    return right > left && top > bottom;
  };
  const count = Math.min(call.FPDFPage_CountObjects(page), MAX_OBJECTS);
  /**
   * For each place in the order of drawing: how many of the blanks that PDFium leaves out are drawn up to that place.
   */
  const blanks = new Int32Array(count);
  for (let index = 0, found = 0; index < count; index++) {
    const object = call.FPDFPage_GetObject(page, index);
    if (call.FPDFPageObj_GetType(object) === TEXT_OBJECT) {
      orders.set(object, index);
      // PDFium gives no text for three kinds of text objects: blanks at line ends, signs that share an ActualText with
      // their letter, and letters that are drawn a second time. Of these, only blanks have neither ink nor an
      // ActualText.
      if (!isRead(object) && named.markOf(object) === 0 && !hasInk(object)) found++;
    }
    blanks[index] = found;
  }
  call.free(at);
  named.done();
  return {
    orderOf: (object) => orders.get(object),
    hasBlank: (one, other) => blanks[one] !== blanks[other],
  };
}
