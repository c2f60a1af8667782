const LETTER = /[\p{L}\p{N}]/u;
/**
 * A page with fewer letters than this may be a scan: stamps, page numbers and the names of scanning programs have no
 * more letters.
 */
const FEW_LETTERS = 24;

/** Whether a page has so little text that its pictures, if it has some, may show the real text. */
export function isSparse(lines: ReadonlyArray<{ readonly text: string }>): boolean {
  let letters = 0;
  for (const { text } of lines) {
    for (const sign of text) {
      if (LETTER.test(sign)) letters++;
      if (letters >= FEW_LETTERS) return false;
    }
  }
  return true;
}
