/*
 * Characters that are removed, because no reader of a text needs them. The control characters include the form feed,
 * which separates pages in the text store, so no page can contain one.
 */

const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff\u00ad\u200b\u2060\ufeff]/g;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
// Forms that stand for other letters: ligatures, Hebrew and Arabic presentation forms, half-width and full-width
// letters, Kangxi radicals. Full NFKC is not used: it would turn 10² into 102 and ½ into 1⁄2.
const COMPATIBILITY = /[\ufb00-\ufdff\ufe70-\ufefc\uff01-\uff5e\uff61-\uff9f\uffa0-\uffdc\u2e80-\u2fdf]+/g;
// Matches the vowel am of Thai and Lao that is written as two separate signs. Some fonts draw it in this way, with a
// tone mark between the two signs.
const SPLIT_AM = /[\u0e4d\u0ecd]([\u0e48-\u0e4b\u0ec8-\u0ecb]?)([\u0e32\u0eb2])/g;
// Matches the characters for Roman numerals within Latin words. They stand for letters: some programs name a glyph by
// the last of the characters that it can show, for example `i` as `ⅰ`.
const ROMAN_IN_WORD = /(?<=[A-Za-z])[\u2160-\u217f]|[\u2160-\u217f](?=[a-z])/g;
const FULL_WIDTH_PUNCTUATION = /[\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]/;
// Matches any character outside the common ones, which need no change: Latin, Greek and Cyrillic letters, common
// punctuation, kana, Han. Common characters do not compose with one another, so a text that has only these needs no
// normalisation.
const UNUSUAL =
  /[^\t\n\u0020-\u007e\u00a1-\u00ac\u00ae-\u02ff\u0391-\u03a1\u03a3-\u03ce\u0400-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u20ac\u2190-\u21ff\u2200-\u22ff\u3001-\u3029\u3041-\u3096\u30a1-\u30fe\u4e00-\u9fff]/;
const BLANKS = /[^\S\n\t]{2,}|[^\S\n\t ]/g;
const LINE_END_BLANKS = /[ \t]+\n[ \t]*|\n[ \t]+/g;

/**
 * Cleans a text: one line, or a whole page at once. Line ends become `\n`. Control and bidi marks are removed.
 * Compatibility forms become the letters they stand for, and letters and their accents are composed. Several blanks
 * become one, several tabs between cells become one, and the ends of lines are trimmed.
 */
export function cleanText(raw: string): string {
  const letters = UNUSUAL.test(raw) ? cleanLetters(raw) : raw;
  const blanks = letters.replace(BLANKS, " ");
  const cells = blanks.includes("\t") ? blanks.replace(/ ?\t[ \t]*/g, "\t") : blanks;
  return cells
    .replace(LINE_END_BLANKS, "\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim()
    .toWellFormed();
}

function cleanLetters(raw: string): string {
  return raw
    .replace(/\r\n?/g, "\n")
    .replace(CONTROL, "")
    .replace(BIDI, "")
    .replace(SPLIT_AM, (_both, tone: string, vowel: string) => tone + (vowel === "\u0e32" ? "\u0e33" : "\u0eb3"))
    .replace(ROMAN_IN_WORD, (letter) => letter.normalize("NFKC"))
    .replace(COMPATIBILITY, (run) => [...run].map(letterOf).join(""))
    .normalize("NFC");
}

/** The normal form of a character. Full-width punctuation is not changed, because Chinese and Japanese use it. */
function letterOf(form: string): string {
  return FULL_WIDTH_PUNCTUATION.test(form) ? form : form.normalize("NFKC");
}
