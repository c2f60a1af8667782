/*
 * What extraction leaves in a text that no reader of it wants. The page break of the text store (form feed) is among
 * the control characters, so no page can hold one.
 */

// PDFium writes U+0002 or U+FFFE for a hyphen at the end of a line that only the line's end called for.
const SOFT_BREAK = /[\u0002\ufffe\u00ad]\r?\n/g;
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff\u00ad\u200b\u2060\ufeff]/g;
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const LIGATURES = /[\ufb00-\ufb06]/g;

/** Cleans a page: line ends as `\n`, no control or bidi marks, ligatures as letters, no blanks at line ends. */
export function cleanText(raw: string): string {
  return raw
    .replace(SOFT_BREAK, "")
    .replace(/\r\n?/g, "\n")
    .replace(CONTROL, "")
    .replace(BIDI, "")
    .replace(LIGATURES, (ligature) => ligature.normalize("NFKC"))
    .replace(/[^\S\n]+$/gm, "")
    .replace(/\n{3,}/g, "\n\n")
    .trim()
    .toWellFormed();
}
