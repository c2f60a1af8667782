import { isRightToLeft } from "../words/say.ts";

// Left-to-right and right-to-left marks, embeddings, overrides and isolates. None of them can be seen.
const MARKS = /[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g;
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/**
 * The file under a name without invisible marks of direction: phones put them into names, and servers refuse such names,
 * because an override shows "gpj.exe" as "exe.jpg". The same object when its name has none.
 */
export function withPlainName(file: File): File {
  const name = file.name.replace(MARKS, "");
  return name === file.name ? file : new File([file], name, { type: file.type, lastModified: file.lastModified });
}

/** A name to stand within a sentence: one that is written in the other direction does not reorder the words around it. */
export function inSentence(name: string): string {
  return isRightToLeft() || RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : name;
}
