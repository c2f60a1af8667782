import { findObjects, streamText, unpack } from "./content-streams.ts";

const NAMED = /\/ToUnicode\s*\/Identity-[HV]\b/;
const KEY = "/Subtype";
const FONT = /^\/Subtype\s*\/(Type0|Type1|MMType1|TrueType|Type3|CIDFontType[02])\b/;
/** If a file has more fonts than this, its codes do not count as Unicode. */
const MAX_FONTS = 2000;
/**
 * How many bytes of a font's object are searched before and after its subtype. They are many, because the object may
 * list the widths of all glyphs.
 */
const MAX_OBJECT = 65_536;
/** How many bytes the word `/Subtype` and its value have at most. */
const VALUE = 40;
/** Matches an encoding that PDFium knows. With it, PDFium knows all letters of the font. */
const ENCODED = /\/Encoding\s*\/(?:WinAnsi|MacRoman)Encoding\b/;
const OWN_MAP = /\/ToUnicode\s+(\d{1,10})/;
/** Matches a map whose only entry maps all codes to themselves, as letters or as the numbers of characters. */
const ALL_TO_THEMSELVES =
  /^(?:(?!begin(?:bf|cid))[^])*begin(bf|cid)range\s*<0000>\s*<ffff>\s*(?:<0000>|0)\s*end\1range(?:(?!begin(?:bf|cid))[^])*$/i;
/** A map with more characters than this has more than one entry. */
const MAX_MAP = 8192;
/** Matches a table from codes to glyphs. A font with such a table has codes that are not the numbers of glyphs. */
const GLYPH_MAP = /\/CIDToGIDMap\s+\d/;
const GLYPH_NUMBERS = /\/CIDToGIDMap\s*\/Identity\b/;
/** Matches control characters, which no text has; except blanks and U+0002, with which PDFium denotes a hyphen. */
const CONTROL = /[\u0001\u0003-\u0008\u000e-\u001f\u007f-\u009f]/;

/**
 * Whether the codes of all unnamed letters in a file are Unicode. A letter is unnamed if PDFium does not find out from
 * the file which letter it is.
 *
 * A font may state that its codes are Unicode: instead of a map from codes to letters, it names the map Identity, or it
 * has a map with one entry for all codes. PDFium knows neither: it ignores the name, and of the entry takes the first
 * 256 codes, because the codes of an entry ought to begin with the same byte. So it takes the letters of such a font for
 * unnamed. But many programs also state this in fonts whose codes are the numbers of glyphs. So the result is true only if each font with this map has a table
 * from codes to glyphs, or the file has no glyphs at all; and if all letters of the other fonts are named. It is false
 * for a file whose packed objects cannot be read.
 */
export function hasUnicodeCodes(bytes: Uint8Array): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isPacked = file.includes("/ObjStm");
  const packed = isPacked ? [...unpack(file, MAX_OBJECT).values()] : [];
  if (isPacked && packed.length === 0) return false;
  const has = (word: string): boolean => file.includes(word) || packed.some((object) => object.includes(word));
  if (!has("/Identity-")) return false;
  const hasGlyphs = has("/FontFile");
  let [fonts, named] = [0, 0];
  let objects: Map<number, number> | undefined;
  const isMappedToItself = (object: string): boolean => {
    const map = OWN_MAP.exec(object)?.[1];
    const start = map === undefined ? undefined : (objects ??= findObjects(file)).get(Number(map));
    return start !== undefined && ALL_TO_THEMSELVES.test(streamText(file, start, MAX_MAP));
  };
  for (const { kind, object } of fontsIn(file, packed)) {
    if (object === undefined || ++fonts > MAX_FONTS) return false;
    if (kind === "Type0") {
      if (!NAMED.test(object) && !isMappedToItself(object)) return false;
      named++;
    } else if (kind.startsWith("CID")) {
      if (GLYPH_NUMBERS.test(object) || (hasGlyphs && !GLYPH_MAP.test(object))) return false;
    } else if (
      !OWN_MAP.test(object) &&
      !ENCODED.test(object) &&
      (kind === "Type3" || /\/FontDescriptor\b/.test(object))
    )
      return false;
  }
  return named > 0;
}

/** The fonts of a file, and the texts of their objects. `packed`: the objects that are packed into object streams. */
function* fontsIn(
  file: Buffer,
  packed: readonly string[],
): Generator<{ readonly kind: string; readonly object: string | undefined }> {
  for (let at = file.indexOf(KEY); at >= 0; at = file.indexOf(KEY, at + KEY.length)) {
    const kind = FONT.exec(file.toString("latin1", at, at + VALUE))?.[1];
    if (kind !== undefined) yield { kind, object: objectAt(file, at) };
  }
  for (const object of packed) {
    for (let at = object.indexOf(KEY); at >= 0; at = object.indexOf(KEY, at + KEY.length)) {
      const kind = FONT.exec(object.slice(at, at + VALUE))?.[1];
      if (kind !== undefined) yield { kind, object: hasOneKey(object) ? object : undefined };
    }
  }
}

const hasOneKey = (object: string): boolean => object.split(KEY).length === 2;

/** The text of the object around a position; undefined if the object is too long, or contains several fonts. */
function objectAt(file: Buffer, at: number): string | undefined {
  const from = Math.max(0, at - MAX_OBJECT);
  const start = file.subarray(from, at).lastIndexOf(" obj");
  const end = file.subarray(at, at + MAX_OBJECT).indexOf("endobj");
  if (start < 0 || end < 0) return undefined;
  const object = file.toString("latin1", from + start, at + end);
  return hasOneKey(object) ? object : undefined;
}

/** Whether codes may be the characters of a text: none of them is a control character. */
export const areCharacters = (codes: string): boolean => !CONTROL.test(codes);
