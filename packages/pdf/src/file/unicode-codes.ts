const NAMED = /^\/ToUnicode\s*\/Identity-[HV]\b/;
const KEY = "/ToUnicode";
const MAX_FONTS = 2000;

/**
 * Whether a font of the file states that its codes are Unicode: instead of a map from codes to letters, the font gives
 * the name of the map of each code to itself (Identity). PDFium knows only maps that are in the file, so it takes the
 * letters of such a font for unnamed.
 */
export function hasUnicodeCodes(bytes: Uint8Array): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = file.indexOf(KEY);
  for (let looks = 0; at >= 0 && looks < MAX_FONTS; looks++) {
    if (NAMED.test(file.toString("latin1", at, at + 32))) return true;
    at = file.indexOf(KEY, at + KEY.length);
  }
  return false;
}
