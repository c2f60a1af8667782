/*
 * What extraction leaves in a text that no reader of it wants. The page break of the text store (form feed) is among
 * the control characters, so no page can hold one.
 */

const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff\u00ad\u200b\u2060\ufeff]/g;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
// Forms that stand for other letters: ligatures, Hebrew and Arabic presentation forms, half and full width letters,
// Kangxi radicals. Not all of NFKC: it would make 10² into 102 and ½ into 1⁄2.
const COMPATIBILITY = /[\ufb00-\ufdff\ufe70-\ufefc\uff01-\uff5e\uff61-\uff9f\uffa0-\uffdc\u2e80-\u2fdf]+/g;
const FULL_WIDTH_PUNCTUATION = /[\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]/;
const BLANKS = /[^\S\n\t]+/g;

/**
 * Cleans a text, line by line or a page at once: line ends as `\n`, no control or bidi marks, compatibility forms as the
 * letters they stand for, composed; one blank where there were several, one tab between cells, none at the ends of a line.
 */
export function cleanText(raw: string): string {
  return raw
    .replace(/\r\n?/g, "\n")
    .replace(CONTROL, "")
    .replace(BIDI, "")
    .replace(COMPATIBILITY, (run) => [...run].map(letterOf).join(""))
    .normalize("NFC")
    .replace(BLANKS, " ")
    .replace(/ ?\t[ \t]*/g, "\t")
    .replace(/[ \t]*\n[ \t]*/g, "\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim()
    .toWellFormed();
}

/** Full-width punctuation stays: Chinese and Japanese are written with it. */
function letterOf(form: string): string {
  return FULL_WIDTH_PUNCTUATION.test(form) ? form : form.normalize("NFKC");
}
