/*
 * Some programs write UTF-8 where PDF expects another encoding: as codes of a font, as names of letters, or as values
 * of forms. The letters are then wrong, in a pattern that real text does not have. This file repairs them.
 */

/**
 * The characters in which PDFDocEncoding differs from Latin-1: those of the codes 0x18 to 0x1f (LOW), and of the codes
 * 0x80 to 0xa0 (HIGH). No character has the code 0x9f.
 */
const LOW = "\u02d8\u02c7\u02c6\u02d9\u02dd\u02db\u02da\u02dc";
const HIGH =
  "\u2022\u2020\u2021\u2026\u2014\u2013\u0192\u2044\u2039\u203a\u2212\u2030\u201e\u201c\u201d\u2018\u2019\u201a\u2122\ufb01\ufb02\u0141\u0152\u0160\u0178\u017d\u0131\u0142\u0153\u0161\u017e\u0000\u20ac";
/** Matches what becomes of a character with two, three or four bytes in UTF-8, if its bytes are read as UTF-16. */
const PAIR = /[\uc280-\udfbf]|[\u00e0-\u00ef][\u8080-\ubfbf]|[\uf080-\uf4bf][\u8080-\ubfbf]/g;
const MAYBE_PAIR = /[\uc280-\uf4bf]/;
/**
 * The check of a page's characters ends early if more than this many do not look like two bytes of UTF-8, and they are
 * already too many (see `NEARLY_ALL`).
 */
const SOME = 8;
/**
 * If less than this part of a page's characters beyond ASCII looks like two bytes of UTF-8, the text is not decoded.
 */
const NEARLY_ALL = 0.95;
/**
 * If fewer different characters than this look like two bytes of UTF-8, this may be chance: a quarter of all Korean
 * syllables look so.
 */
const MIN_DIFFERENT = 5;

/** The character whose UTF-8 bytes, taken as one number, are `code`. Undefined if there is none, and for ASCII. */
export function characterOf(code: number): string | undefined {
  if (code < 0xc280 || code > 0xf4bfbfbf) return undefined;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(code);
  return decoded(bytes.subarray(code > 0xffffff ? 0 : code > 0xffff ? 1 : 2), 1);
}

/** Whether nearly every character beyond ASCII in a text is really two bytes of UTF-8, read as one UTF-16 unit. */
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

/** Whether the two bytes of a UTF-16 unit look like a character of UTF-8, or like a part of one. */
function isPair(unit: number): boolean {
  return unit >= 0xc280 && unit < 0xf500 && (unit & 0xc0) === 0x80;
}

/** Decodes a text whose characters beyond ASCII are two bytes of UTF-8 each. */
export function fromPairsOfBytes(text: string): string {
  return text.replace(PAIR, (pair) => {
    const bytes = Buffer.alloc(pair.length * 2);
    [...pair].forEach((_, at) => bytes.writeUInt16BE(pair.charCodeAt(at), at * 2));
    return decoded(bytes.subarray(bytes[0] === 0 ? 1 : 0), 1) ?? pair;
  });
}

/** Decodes a PDF string whose bytes are UTF-8 but were read as PDFDocEncoding. Returns any other string unchanged. */
export function fromSingleBytes(text: string): string {
  if (!/[\u00c2-\u00f4]/.test(text)) return text;
  // PDFDocEncoding has no character for the bytes 0x9f and 0xad, so both have become U+0000. The byte before shows
  // which of the two is meant. Only after 0xc3 both are possible: 0x9f (ß) is used if the text has German umlauts,
  // otherwise 0xad (í).
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
    return undefined;
  }
}
