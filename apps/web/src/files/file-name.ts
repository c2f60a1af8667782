import { isRightToLeft } from "../words/say.ts";

// Left-to-right and right-to-left marks, embeddings, overrides and isolates: all are invisible.
const MARKS = /[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/**
 * Returns the file under a name without invisible direction marks, or the same object when the name has none. Phones
 * put such marks into names. Servers refuse them, because an override shows "gpj.exe" as "exe.jpg".
 */
export function withPlainName(file: File): File {
  const name = file.name.replace(MARKS, "");
  return name === file.name ? file : new File([file], name, { type: file.type, lastModified: file.lastModified });
}

/**
 * Prepares a name for use within a sentence, so that a name in a script of the other direction does not reorder the
 * words around it.
 */
export function inSentence(name: string): string {
  return isRightToLeft() || RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : name;
}
