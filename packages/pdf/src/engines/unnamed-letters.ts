import { isSpace } from "../text/space.ts";
import type { Letters } from "./pdfium-letters.ts";

/** Letters that are looked at on every page. */
const SAMPLES = 64;
/** With more unnamed letters than this, as a part of all, a page makes no sense. */
const TOO_MANY = 0.05;
/** As few as these may stand on any page. */
const SOME = 12;
const LETTER = /[\p{L}\p{M}]/u;
/** What TeX's fonts have at these codes, as single characters. */
const LIGATURES = new Map([
  [0x0b, "\ufb00"],
  [0x0c, "\ufb01"],
  [0x0e, "\ufb03"],
  [0x0f, "\ufb04"],
]);
const UNKNOWN = "\ufffd";

const isControl = (unit: number): boolean => unit < 0x20 && unit !== 0x02 && !isSpace(unit);
/** Codes of Latin letters and digits are right in fonts that do not name them. */
const isPlain = (unit: number): boolean => unit >= 0x20 && unit < 0x7f;

/**
 * The text of a page with U+FFFD for each letter that its font gives no name: PDFium makes other letters of their codes.
 * Undefined when that is more than a few.
 */
export function withoutGuesses(letters: Letters, text: string): string | undefined {
  if (!hasUnnamed(letters, text)) return text;
  let [all, unnamed, done] = [0, 0, 0];
  let mended = "";
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (isSpace(unit) && !LIGATURES.has(unit)) continue;
    all++;
    if (isPlain(unit) || unit === 0x02 || !letters.isUnnamed(at)) continue;
    const sign = text.charAt(at);
    if (LETTER.test(sign)) unnamed++;
    else if (!(isControl(unit) || LIGATURES.has(unit)) || !isInWord(text, at)) continue;
    mended += text.slice(done, at) + (LIGATURES.get(unit) ?? UNKNOWN);
    done = at + 1;
  }
  return unnamed > Math.max(SOME, TOO_MANY * all) ? undefined : mended + text.slice(done);
}

function isInWord(text: string, at: number): boolean {
  return LETTER.test(text.charAt(at - 1)) || LETTER.test(text.charAt(at + 1));
}

/** Looks at some letters of the page, and at all codes that are no letters. */
function hasUnnamed(letters: Letters, text: string): boolean {
  const step = Math.max(1, Math.floor(text.length / SAMPLES));
  for (let at = step >> 1; at < text.length; at += step) {
    const unit = text.charCodeAt(at);
    if (!isPlain(unit) && !isSpace(unit) && letters.isUnnamed(at)) return true;
  }
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x20 && unit !== 0x0d && unit !== 0x0a && unit !== 0x02 && unit !== 0x09) return true;
  }
  return false;
}
