import type { Pdfium } from "./pdfium.ts";
import type { Box } from "../text/rotation.ts";
import { CLUSTERED } from "../text/clusters.ts";
import { RTL } from "../text/right-to-left.ts";
import type { GivenText } from "./pdfium-text.ts";

/** The number by which PDFium denotes a value of the type string, such as that of an ActualText. */
const STRING = 3;
const MAX_MARKS = 8;
/** How many characters after a line end are examined to find out whether a repeated text has caused it. */
const MAX_AHEAD = 64;
/** Characters are on one line if their baselines differ by less than this, in points. */
const SAME_BASELINE = 0.1;

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
  const places = createPlaces(pdfium, text);
  const charAt = (at: number): number => (given.chars ? (given.chars[at] as number) : at);
  const objectAt = (at: number): number => call.FPDFText_GetTextObject(text, charAt(at));
  const markOf = (object: number): number => (object === 0 ? 0 : named.markOf(object));
  const owners = new Map<number, number>();
  const isRepeat = (object: number, mark: number): boolean => mark !== 0 && (owners.get(mark) ?? object) !== object;
  const charsOf = new Map<number, number[]>();
  const chars: number[] = [];
  let all = "";
  // The last two characters of `all`. Reading them from `all` itself would copy the whole text each time.
  let end = "";
  let isAfterRepeat = false;
  // The last character that PDFium has not made itself.
  let drawn = -1;
  /**
   * Whether the line goes on after the line end at `at`: a repeated text stands to the left of what was before it, so
   * PDFium may write a line end before or after it.
   */
  const goesOnAfter = (at: number): boolean => {
    let isAtRepeat = isAfterRepeat;
    for (let next = at + 2; next < Math.min(at + MAX_AHEAD, given.text.length); next++) {
      const object = objectAt(next);
      const isRepeated = isRepeat(object, markOf(object));
      if (object !== 0 && !isRepeated) return isAtRepeat && places.isBeside(drawn, charAt(next));
      isAtRepeat ||= isRepeated;
    }
    return false;
  };
  for (let at = 0; at < given.text.length; at++) {
    const object = objectAt(at);
    const mark = markOf(object);
    if (isRepeat(object, mark)) {
      isAfterRepeat = true;
      continue;
    }
    const isLineEnd = given.text.startsWith("\r\n", at);
    const isBlank = object === 0 && (given.text.charAt(at) === " " || (isLineEnd && goesOnAfter(at)));
    // A repeated text is left out, but PDFium makes a blank or a line end before it and another one after it. Of these
    // two, only the first is kept, because only its width can be measured.
    const isSecond = isBlank ? isAfterRepeat && /\s$/.test(end) : isLineEnd && end === "\r\n";
    if (isSecond) {
      if (isLineEnd) at++;
      continue;
    }
    // A blank that PDFium made before a repeated text at the end of a line is not real.
    if (isLineEnd && !isBlank && isAfterRepeat && end.endsWith(" ") && chars.at(-1) !== drawn) {
      chars.pop();
      all = all.slice(0, -1);
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
    all += sign;
    end = end.slice(-1) + sign;
  }
  const spans = new Map<number, Span>();
  if (charsOf.size > 0)
    for (const [mark, span] of spansOf(pdfium, page, named.markOf))
      for (const char of charsOf.get(mark) ?? []) spans.set(char, span);
  named.done();
  places.done();
  return { ...given, text: all, chars: Int32Array.from(chars), spans };
}

/**
 * Compares the places of a page's characters. `isBeside` returns whether the other of two characters is on the line of
 * the first one, and to the right of it. `done` frees the memory.
 */
function createPlaces(
  { call, allocate, heap }: Pdfium,
  text: number,
): { isBeside(one: number, other: number): boolean; done(): void } {
  const at = allocate(16);
  const placeOf = (char: number): readonly [x: number, y: number] => {
    if (!call.FPDFText_GetCharOrigin(text, char, at, at + 8)) return [Number.NaN, Number.NaN];
    const [x = 0, y = 0] = new Float64Array(heap().buffer, at, 2);
    return [x, y];
  };
  return {
    isBeside(one, other) {
      const [[x, y], [nextX, nextY]] = [placeOf(one), placeOf(other)];
      return nextX > x && Math.abs(nextY - y) < SAME_BASELINE;
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
