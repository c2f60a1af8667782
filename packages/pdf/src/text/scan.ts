const LETTER = /[\p{L}\p{N}]/u;
/** What stamps, page numbers and the names of scanning programs come to. */
const FEW_LETTERS = 24;

/** Whether a page has so little text that, if it shows something, that is what was to be read. */
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
