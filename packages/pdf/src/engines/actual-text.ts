import type { Pdfium } from "./pdfium.ts";
import type { GivenText } from "./pdfium-text.ts";

/** Scripts whose letters are drawn in clusters: Indic ones, Thai, Lao, Tibetan, Burmese, Khmer. */
export const CLUSTERED = /[\u0900-\u109f\u1780-\u17ff]/;
/** Of a mark's entry: a string. */
const STRING = 3;
const MAX_MARKS = 8;

/**
 * A page's text with each ActualText taken once. PDFium gives it anew for each text object that it stands for, and
 * Chromium draws the letter and the sign above it as two.
 */
export function withoutRepeats(pdfium: Pdfium, text: number, given: GivenText): GivenText {
  if (!CLUSTERED.test(given.text)) return given;
  const { call, allocate, heap } = pdfium;
  const key = allocate("ActualText".length + 1);
  heap().set(Buffer.from("ActualText\0"), key);
  const markOf = (object: number): number => {
    const count = Math.min(call.FPDFPageObj_CountMarks(object), MAX_MARKS);
    for (let index = count - 1; index >= 0; index--) {
      const mark = call.FPDFPageObj_GetMark(object, index);
      if (mark !== 0 && call.FPDFPageObjMark_GetParamValueType(mark, key) === STRING) return mark;
    }
    return 0;
  };
  const marks = new Map<number, number>();
  const owners = new Map<number, number>();
  const chars: number[] = [];
  let all = "";
  for (let at = 0; at < given.text.length; at++) {
    const char = given.chars ? (given.chars[at] as number) : at;
    const object = call.FPDFText_GetTextObject(text, char);
    const mark = marks.get(object) ?? (object === 0 ? 0 : markOf(object));
    marks.set(object, mark);
    const owner = owners.get(mark) ?? object;
    if (mark !== 0) owners.set(mark, owner);
    if (mark !== 0 && owner !== object) continue;
    chars.push(char);
    all += given.text.charAt(at);
  }
  call.free(key);
  return { ...given, text: all, chars: Int32Array.from(chars) };
}
