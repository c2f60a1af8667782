/** A word that was read from a picture. Lengths are in pixels, from the left and from the top. */
export interface Word {
  readonly text: string;
  /** The recogniser's confidence in the word, from 0 to 100. */
  readonly confidence: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /**
   * `block`: the number that the recogniser gave to the word's block. `line`: a name that words on the same line have
   * in common.
   */
  readonly block: number;
  readonly line: string;
}

/**
 * Page segmentation modes of Tesseract: find the blocks and lines of an upright page; find as many words as possible,
 * wherever they are.
 */
export const [PARAGRAPHS, SPARSE] = ["3", "11"] as const;

/** Tesseract's ways to find the threshold between black and white: one for the page, or one for each part of it. */
export const [ONE_THRESHOLD, LOCAL_THRESHOLDS] = ["0", "2"] as const;

const COLUMNS = 12;
const WORD = "5";

/** The words in Tesseract's output (a table as TSV), in the same order. */
export function wordsOf(tsv: string): Word[] {
  return tsv.split("\n").flatMap((row) => {
    const cells = row.split("\t");
    const [level, , block, paragraph, line, , left, top, width, height, confidence] = cells.map(Number);
    const text = cells[COLUMNS - 1]?.trim() ?? "";
    if (cells.length < COLUMNS || cells[0] !== WORD || text === "" || level === undefined) return [];
    const [x, y] = [left ?? 0, top ?? 0];
    return [
      {
        text,
        confidence: confidence ?? 0,
        left: x,
        right: x + (width ?? 0),
        top: y,
        bottom: y + (height ?? 0),
        block: block ?? 0,
        line: `${block}.${paragraph}.${line}`,
      },
    ];
  });
}

/** How many letters the words have of which the recogniser is sure. */
export function countSure(words: readonly Word[], confidence: number): number {
  return words.reduce((sum, word) => sum + (word.confidence >= confidence ? word.text.length : 0), 0);
}

/** The recogniser's mean confidence in words, from 0 to 100, where long words count more; 0 without words. */
export function confidenceOf(words: readonly Word[]): number {
  const letters = words.reduce((sum, { text }) => sum + text.length, 0);
  if (letters === 0) return 0;
  return words.reduce((sum, { text, confidence }) => sum + text.length * Math.max(0, confidence), 0) / letters;
}
