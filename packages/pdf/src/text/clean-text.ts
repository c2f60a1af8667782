/*
 * What extraction leaves in a text that no reader of it wants. The page break of the text store (form feed) is among
 * the control characters, so no page can hold one.
 */

const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff\u00ad\u200b\u2060\ufeff]/g;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
// Forms that stand for other letters: ligatures, Hebrew and Arabic presentation forms, half and full width letters,
// Kangxi radicals. Not all of NFKC: it would make 10² into 102 and ½ into 1⁄2.
const COMPATIBILITY = /[\ufb00-\ufdff\ufe70-\ufefc\uff01-\uff5e\uff61-\uff9f\uffa0-\uffdc\u2e80-\u2fdf]+/g;
// Thai's and Lao's vowel am, of which some fonts draw the ring and the rest as two signs with a tone between them.
const SPLIT_AM = /[\u0e4d\u0ecd]([\u0e48-\u0e4b\u0ec8-\u0ecb]?)([\u0e32\u0eb2])/g;
const FULL_WIDTH_PUNCTUATION = /[\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]/;
// What most pages are made of, all of which stays as it is: Latin, Greek and Cyrillic letters, common punctuation, kana,
// Han. Nothing in here composes with its neighbours, so that there is nothing to normalise either.
const UNUSUAL =
  /[^\t\n\u0020-\u007e\u00a1-\u00ac\u00ae-\u02ff\u0391-\u03a1\u03a3-\u03ce\u0400-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u20ac\u2190-\u21ff\u2200-\u22ff\u3001-\u3029\u3041-\u3096\u30a1-\u30fe\u4e00-\u9fff]/;
const BLANKS = /[^\S\n\t]{2,}|[^\S\n\t ]/g;
const LINE_END_BLANKS = /[ \t]+\n[ \t]*|\n[ \t]+/g;

/**
 * Cleans a text, line by line or a page at once: line ends as `\n`, no control or bidi marks, compatibility forms as the
 * letters they stand for, composed; one blank where there were several, one tab between cells, none at the ends of a line.
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
    .replace(COMPATIBILITY, (run) => [...run].map(letterOf).join(""))
    .normalize("NFC");
}

/** Full-width punctuation stays: Chinese and Japanese are written with it. */
function letterOf(form: string): string {
  return FULL_WIDTH_PUNCTUATION.test(form) ? form : form.normalize("NFKC");
}
