const NAMED = /\/ToUnicode\s*\/Identity-[HV]\b/;
const KEY = "/Subtype";
const FONT = /^\/Subtype\s*\/(Type0|Type1|MMType1|TrueType|Type3|CIDFontType[02])\b/;
/** A file with more fonts than this is not examined to its end, so its codes are not taken for Unicode. */
const MAX_FONTS = 2000;
/**
 * How many bytes of a font's object are examined before and after its subtype. The limit is high, because the widths of
 * all glyphs may be in the object.
 */
const MAX_OBJECT = 65_536;
/** How many bytes the word `/Subtype` and its value have at most. */
const VALUE = 40;
/** Matches the encoding of a font if PDFium knows it. Such a font needs no map from its codes to letters. */
const ENCODED = /\/Encoding\s*\/(?:WinAnsi|MacRoman)Encoding\b/;
const OWN_MAP = /\/ToUnicode\s+\d/;
/**
 * Matches the table with which a font maps its codes to glyphs. The codes of such a font are not the numbers of glyphs.
 */
const GLYPH_MAP = /\/CIDToGIDMap\s+\d/;
const GLYPH_NUMBERS = /\/CIDToGIDMap\s*\/Identity\b/;
/** Matches control characters, except blanks and the character that PDFium uses as a hyphen. No text has them. */
const CONTROL = /[\u0001\u0003-\u0008\u000e-\u001f\u007f-\u009f]/;

/**
 * Whether the codes of all unnamed letters in the file are Unicode. (PDFium takes a letter for unnamed if it does not
 * find out from the file which letter it is.) A font may state that its codes are Unicode: instead of a map from codes
 * to letters, it gives the name of the map of each code to itself (Identity). As this map is not in the file, PDFium
 * takes the letters of such a font for unnamed.
 *
 * Many programs give this name to fonts whose codes are really the numbers of glyphs. So the result is true only if no
 * other font of the file can have unnamed letters, and if each font with this name maps its codes to glyphs or has no
 * glyphs in the file. A file with compressed objects is not examined, and the result is false.
 */
export function hasUnicodeCodes(bytes: Uint8Array): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!file.includes("/Identity-") || file.includes("/ObjStm")) return false;
  const hasGlyphs = file.includes("/FontFile");
  let [fonts, named] = [0, 0];
  for (let at = file.indexOf(KEY); at >= 0; at = file.indexOf(KEY, at + KEY.length)) {
    const kind = FONT.exec(file.toString("latin1", at, at + VALUE))?.[1];
    if (kind === undefined) continue;
    const object = objectAt(file, at);
    if (object === undefined || ++fonts > MAX_FONTS) return false;
    if (kind === "Type0") {
      if (!NAMED.test(object)) return false;
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

/** The object around a place of a file; undefined if the object is too long, or has several fonts. */
function objectAt(file: Buffer, at: number): string | undefined {
  const from = Math.max(0, at - MAX_OBJECT);
  const start = file.subarray(from, at).lastIndexOf(" obj");
  const end = file.subarray(at, at + MAX_OBJECT).indexOf("endobj");
  if (start < 0 || end < 0) return undefined;
  const object = file.toString("latin1", from + start, at + end);
  return object.split(KEY).length > 2 ? undefined : object;
}

/** Whether codes may be the characters of a text: none of them is a control character. */
export const areCharacters = (codes: string): boolean => !CONTROL.test(codes);
