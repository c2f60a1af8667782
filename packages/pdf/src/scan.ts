const LETTER = /[\p{L}\p{N}]/gu;
/** What stamps, page numbers and the names of scanning programs come to. */
const FEW_LETTERS = 24;

/** Whether a page has so little text that, if it shows something, that is what was to be read. */
export function isSparse(text: string): boolean {
  return text.length < 20 * FEW_LETTERS && (text.match(LETTER)?.length ?? 0) < FEW_LETTERS;
}
