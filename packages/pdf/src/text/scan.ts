const LETTER = /[\p{L}\p{N}]/u;
/** Stamps, page numbers and the names of scanning programs have at most this many letters. */
const FEW_LETTERS = 24;

/** Whether a page has so little text that its pictures, if it has any, probably contain the text. */
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
