/*
 * Characters that are removed, because no reader of a text needs them. CONTROL includes the form feed: in the text
 * store it separates pages, so no page may contain it.
 */

const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff\u00ad\u200b\u2060\ufeff]/g;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
// Characters that stand for usual letters: ligatures, Hebrew and Arabic presentation forms, half-width and full-width
// letters, Kangxi radicals. Only these are normalised by NFKC, which would also turn 10² into 102, and ½ into 1⁄2.
const COMPATIBILITY = /[\ufb00-\ufdff\ufe70-\ufefc\uff01-\uff5e\uff61-\uff9f\uffa0-\uffdc\u2e80-\u2fdf]+/g;
// Matches the vowel am of Thai or Lao as two signs, perhaps with a tone mark between them. Some fonts draw it so.
const SPLIT_AM = /[\u0e4d\u0ecd]([\u0e48-\u0e4b\u0ec8-\u0ecb]?)([\u0e32\u0eb2])/g;
// Matches the vowel am before the sign of its second half, which some programs name twice.
const TWICE_AM = /(?<=\u0e33)\u0e32|(?<=\u0eb3)\u0eb2/g;
// Matches a tone mark or a sign above the letter before a vowel that is drawn above or below the same letter. The vowel
// comes first, wherever the two are drawn.
const TONE_BEFORE_VOWEL = /([\u0e48-\u0e4c])([\u0e31\u0e34-\u0e3a])|([\u0ec8-\u0ecc])([\u0eb1\u0eb4-\u0ebb])/g;
// Matches Roman numerals (single characters such as `ⅰ`) within Latin words. They stand for letters: some programs name
// a glyph by the last of all characters that it may show, for example `i` by `ⅰ`.
const ROMAN_IN_WORD = /(?<=[A-Za-z])[\u2160-\u217f]|[\u2160-\u217f](?=[a-z])/g;
const FULL_WIDTH_PUNCTUATION = /[\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]/;
// Matches all but the usual characters: Latin, Greek and Cyrillic letters, common punctuation, kana, Han. These do not
// compose with each other, so a text of such characters needs no normalisation.
const UNUSUAL =
  /[^\t\n\u0020-\u007e\u00a1-\u00ac\u00ae-\u02ff\u0391-\u03a1\u03a3-\u03ce\u0400-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u20ac\u2190-\u21ff\u2200-\u22ff\u3001-\u3029\u3041-\u3096\u30a1-\u30fe\u4e00-\u9fff]/;
const BLANKS = /[^\S\n\t]{2,}|[^\S\n\t ]/g;
const LINE_END_BLANKS = /[ \t]+\n[ \t]*|\n[ \t]+/g;

/**
 * Cleans a text, of a line or of a whole page. Line ends become `\n`. Control characters and invisible marks of
 * direction are removed. Characters that stand for usual letters become these letters, and a letter and its accent
 * become one character. Several blanks become one blank, several tabs one tab, several empty lines one empty line, and
 * the ends of lines are trimmed.
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
    .replace(TWICE_AM, "")
    .replace(TONE_BEFORE_VOWEL, "$2$1$4$3")
    .replace(ROMAN_IN_WORD, (letter) => letter.normalize("NFKC"))
    .replace(COMPATIBILITY, (run) => [...run].map(letterOf).join(""))
    .normalize("NFC");
}

/** The normal form of a character. Full-width punctuation is not changed, because Chinese and Japanese use it. */
function letterOf(form: string): string {
  return FULL_WIDTH_PUNCTUATION.test(form) ? form : form.normalize("NFKC");
}
