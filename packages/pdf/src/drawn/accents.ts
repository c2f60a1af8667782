import type { Letters } from "../engines/pdfium-letters.ts";

/*
 * Some programs, such as TeX with its oldest fonts, draw an accented letter as two letters at one place: an accent that
 * is a character of its own, and a plain letter. This file makes one letter of the two.
 */

/** For each accent that is a character of its own: the mark that belongs to a letter. */
const MARKS = new Map([
  ["`", "\u0300"],
  ["\u02cb", "\u0300"],
  ["\u00b4", "\u0301"],
  ["\u02ca", "\u0301"],
  ["^", "\u0302"],
  ["\u02c6", "\u0302"],
  ["~", "\u0303"],
  ["\u02dc", "\u0303"],
  ["\u00af", "\u0304"],
  ["\u02c9", "\u0304"],
  ["\u02d8", "\u0306"],
  ["\u02d9", "\u0307"],
  ["\u00a8", "\u0308"],
  ["\u02da", "\u030a"],
  ["\u02dd", "\u030b"],
  ["\u02c7", "\u030c"],
  ["\u00b8", "\u0327"],
  ["\u02db", "\u0328"],
]);
/** Matches such an accent. */
export const ACCENT = new RegExp(`[${[...MARKS.keys()].join("").replace("^", "\\^")}]`);
const ACCENTS = new RegExp(ACCENT, "g");
const WITHOUT_DOT = new Map([
  ["\u0131", "i"],
  ["\u0237", "j"],
]);
/** In ems. An accent and a letter are one if the middles of their ink are at most this far apart. */
const MIDDLE_EM = 0.22;

/** A text, and the index of PDFium's character for each of its UTF-16 units; left out if the indexes are the same. */
interface Drawn {
  readonly text: string;
  readonly chars?: Int32Array | undefined;
}

/**
 * Makes one letter of each accent and the letter at its place. Returns undefined if there is none. `letters`: the
 * characters of `text`, by their indexes in it.
 */
export function withAccents(
  { text, chars }: Drawn,
  letters: Letters,
): (Drawn & { readonly chars: Int32Array }) | undefined {
  const changes = new Map<number, string>();
  for (const { 0: accent, index } of text.matchAll(ACCENTS)) {
    const found = accented(text, letters, index, MARKS.get(accent) as string);
    if (found === undefined || changes.has(found.at)) continue;
    for (let at = Math.min(found.at, index); at <= Math.max(found.at, index); at++) changes.set(at, "");
    changes.set(found.at, found.letter);
  }
  if (changes.size === 0) return undefined;
  const kept: number[] = [];
  let composed = "";
  for (let at = 0; at < text.length; at++) {
    const letter = changes.get(at) ?? text.charAt(at);
    if (letter === "") continue;
    composed += letter;
    kept.push(chars ? (chars[at] as number) : at);
  }
  return { text: composed, chars: Int32Array.from(kept) };
}

/** The letter at the place of an accent, before or after it in the text; undefined if there is none. */
function accented(
  text: string,
  letters: Letters,
  accent: number,
  mark: string,
): { readonly at: number; readonly letter: string } | undefined {
  const over = letters.of(accent);
  if (!over || over.right <= over.left) return undefined;
  const middle = (over.left + over.right) / 2;
  for (const step of [1, -1]) {
    // PDFium may make a blank between an accent and its letter.
    const at =
      text.charAt(accent + step) === " " && letters.isGenerated(accent + step) ? accent + 2 * step : accent + step;
    const sign = text.charAt(at);
    const letter = `${WITHOUT_DOT.get(sign) ?? sign}${mark}`.normalize("NFC");
    if (sign === "" || letter.length !== 1) continue;
    const under = letters.of(at);
    if (!under || middle <= under.left || middle >= under.right) continue;
    if (Math.abs((under.left + under.right) / 2 - middle) <= MIDDLE_EM * under.size) return { at, letter };
  }
  return undefined;
}
