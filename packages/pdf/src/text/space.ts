/** A gap that is wider than this many ems separates two cells of a row; a narrower gap separates words. */
export const CELL_GAP_EM = 1.1;
/** The characters with which PDFium denotes a hyphen at the end of a line. */
const HYPHEN = /[\u0002\ufffe]/;
const isHyphen = (unit: number): boolean => unit === 0x0002 || unit === 0xfffe;

/** Whether a UTF-16 unit is white space, as `\s` defines it. */
export function isSpace(unit: number): boolean {
  if (unit <= 0x20) return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
  if (unit < 0x2000) return unit === 0xa0 || unit === 0x1680;
  return (
    unit <= 0x200a ||
    unit === 0x2028 ||
    unit === 0x2029 ||
    unit === 0x202f ||
    unit === 0x205f ||
    unit === 0x3000 ||
    unit === 0xfeff
  );
}

/** The index of a text's first character that is not white space; its length if there is none. */
export function spaceEnd(text: string): number {
  let at = 0;
  while (at < text.length && isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** The index after a text's last character that is not white space; 0 if there is none. */
export function spaceStart(text: string): number {
  let at = text.length;
  while (at > 0 && isSpace(text.charCodeAt(at - 1))) at--;
  return at;
}

/**
 * The start and the end of each line in PDFium's text. PDFium writes no line end after its own hyphen, so a line also
 * ends there.
 */
export function betweenLineEnds(raw: string): Array<readonly [start: number, end: number]> {
  const found: Array<readonly [number, number]> = [];
  const hyphens = HYPHEN.test(raw);
  let start = 0;
  while (true) {
    const lineEnd = raw.indexOf("\r\n", start);
    const end = lineEnd < 0 ? raw.length : lineEnd;
    for (let at = start; hyphens && at < end - 1; at++) {
      if (!isHyphen(raw.charCodeAt(at))) continue;
      found.push([start, at + 1]);
      start = at + 1;
    }
    found.push([start, end]);
    if (lineEnd < 0) return found;
    start = end + 2;
  }
}

/** The index of a line's last letter, without PDFium's own hyphen at the end; -1 if there is no letter. */
export function lastLetter(raw: string): number {
  let last = spaceStart(raw) - 1;
  if (isHyphen(raw.charCodeAt(last))) last--;
  while (last >= 0 && isSpace(raw.charCodeAt(last))) last--;
  return isHyphen(raw.charCodeAt(last)) ? -1 : last;
}
