/*
 * Some programs write UTF-8 where PDF wants something else: as the codes of a font, as the letters that a font names, in
 * the values of forms. Each comes out as other letters, in a shape that true text has not.
 */

/** PDFDocEncoding beside Latin-1: the characters of codes 0x18–0x1f and 0x80–0xa0; 0x9f has none. */
const LOW = "\u02d8\u02c7\u02c6\u02d9\u02dd\u02db\u02da\u02dc";
const HIGH =
  "\u2022\u2020\u2021\u2026\u2014\u2013\u0192\u2044\u2039\u203a\u2212\u2030\u201e\u201c\u201d\u2018\u2019\u201a\u2122\ufb01\ufb02\u0141\u0152\u0160\u0178\u017d\u0131\u0142\u0153\u0161\u017e\u0000\u20ac";
/** The start of a sequence of two, three and four bytes, as two-byte characters begin with it. */
const PAIR = /[\uc280-\udfbf]|[\u00e0-\u00ef][\u8080-\ubfbf]|[\uf080-\uf4bf][\u8080-\ubfbf]/g;
const MAYBE_PAIR = /[\uc280-\uf4bf]/;
/** So many others say nothing yet. */
const SOME = 8;
/** More of a page's characters beyond ASCII have to be of that shape than this part. */
const NEARLY_ALL = 0.95;
/** Fewer different ones may be chance: a quarter of all Korean syllables have it. */
const MIN_DIFFERENT = 5;

/** The character whose bytes in UTF-8 are those of a number; undefined for all others, ASCII among them. */
export function characterOf(code: number): string | undefined {
  if (code < 0xc280 || code > 0xf4bfbfbf) return undefined;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(code);
  return decoded(bytes.subarray(code > 0xffffff ? 0 : code > 0xffff ? 1 : 2), 1);
}

/** Whether a text's characters are two bytes of UTF-8 each. */
export function isPairsOfBytes(text: string): boolean {
  if (!MAYBE_PAIR.test(text)) return false;
  const fitting = new Set<number>();
  let [beyond, others] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    beyond++;
    if (isPair(unit)) fitting.add(unit);
    else if (++others > SOME && others > (1 - NEARLY_ALL) * beyond) return false;
  }
  return fitting.size >= MIN_DIFFERENT && others <= (1 - NEARLY_ALL) * beyond;
}

/** Two bytes that are a character of UTF-8, or begin one. */
function isPair(unit: number): boolean {
  return unit >= 0xc280 && unit < 0xf500 && (unit & 0xc0) === 0x80;
}

/** A text whose characters are bytes of UTF-8, two in each, as it was meant. */
export function fromPairsOfBytes(text: string): string {
  return text.replace(PAIR, (pair) => {
    const bytes = Buffer.alloc(pair.length * 2);
    [...pair].forEach((_, at) => bytes.writeUInt16BE(pair.charCodeAt(at), at * 2));
    return decoded(bytes.subarray(bytes[0] === 0 ? 1 : 0), 1) ?? pair;
  });
}

/** A string of a PDF that was read byte by byte, though it is UTF-8; others stay as they are. */
export function fromSingleBytes(text: string): string {
  if (!/[\u00c2-\u00f4]/.test(text)) return text;
  // Two codes have no character; what they may be depends on the one before.
  const isGerman = /\u00c3[\u00a4\u00b6\u00bc]/.test(text);
  const bytes: number[] = [];
  for (const unit of text) {
    const high = HIGH.indexOf(unit);
    const low = LOW.indexOf(unit);
    const code = high >= 0 ? 0x80 + high : low >= 0 ? 0x18 + low : unit.charCodeAt(0);
    if (code > 0xff) return text;
    const isSoft = unit === "\u0000" && (bytes.at(-1) === 0xce || (bytes.at(-1) === 0xc3 && !isGerman));
    bytes.push(isSoft ? 0xad : code);
  }
  return decoded(Uint8Array.from(bytes)) ?? text;
}

function decoded(bytes: Uint8Array, length?: number): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return length === undefined || [...text].length === length ? text : undefined;
  } catch {
    return undefined; // no UTF-8
  }
}
