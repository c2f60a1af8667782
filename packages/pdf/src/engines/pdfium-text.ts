import { isThai, thaiLetter } from "../text/thai-codes.ts";
import { characterOf, isPairsOfBytes } from "../text/utf8.ts";
import type { Pdfium } from "./pdfium.ts";

/**
 * How many codes beyond ASCII are examined, from the start of a page, to find out whether its codes are UTF-8 or Thai.
 */
const SAMPLES = 12;
const NUL = "\0";
/**
 * Some fonts name a glyph as U+0000. Such a glyph counts as a letter only if it is in a word, if at most MAX_NULS such
 * glyphs are together (more of them are a pattern), and if it is at most MAX_HEIGHT_EM ems high (a higher one is a
 * bracket of a formula).
 */
const [MAX_NULS, MAX_HEIGHT_EM] = [3, 1.1] as const;
const NULS = /\0+/g;
const IN_WORD = /[\p{L}\p{M}\p{N}]/u;
/**
 * An unnamed glyph that is at most FLAT_EM ems high and follows an Arabic letter is a stroke by which the line was
 * stretched, and is left out.
 */
const FLAT_EM = 0.25;
const BLANK = 0x20;
const ARABIC = "[\\u0620-\\u065f\\u066e-\\u06d3\\u06fa-\\u06ff\\u0750-\\u077f\\ufb50-\\ufdff\\ufe70-\\ufefc]";
const ARABIC_END = new RegExp(`${ARABIC}\\s*$`);
const STRETCHED = new RegExp(`${ARABIC}[\\u0001-\\u0008\\u000b\\u000c\\u000e-\\u001f]`);
/**
 * The codes of a page may be those of Thai letters only if at least this part of the examined letters is unnamed: their
 * font does not state which letters they are.
 */
const UNNAMED_PART = 0.8;

export interface GivenText {
  readonly text: string;
  /**
   * For each UTF-16 unit of the text: the index of PDFium's character; left out if the units and the characters have
   * the same indexes.
   */
  readonly chars?: Int32Array;
  /** Set if the codes of the page were decoded, so that all its letters are known, even if PDFium reports otherwise. */
  readonly named?: boolean;
  /** The indexes of those of PDFium's characters that were decoded from their codes. */
  readonly decoded?: ReadonlySet<number>;
  /** Set if fonts name their letters in UTF-8 instead of UTF-16, so that PDFium has lost some of the letters. */
  readonly utf8?: boolean;
}

/**
 * The text of a page as PDFium returns it, with one exception: where a font does not name its letters, PDFium returns
 * their codes; these are decoded if they are UTF-8 or Thai. `count`: the number of PDFium's characters.
 */
export function readText(pdfium: Pdfium, text: number, count: number): GivenText {
  const { call, allocate, heap } = pdfium;
  // Space for UTF-16 with a NUL at its end: a character beyond the basic plane takes two units.
  const at = allocate((count * 2 + 1) * 2);
  try {
    const written = call.FPDFText_GetText(text, 0, count, at);
    const bytes = heap();
    const drawn = Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.max(0, written - 1) * 2).toString("utf16le");
    // A tab character is no wider than a blank, so it becomes a blank. Cells are found later, by the width of gaps.
    const given = drawn.replaceAll("\t", " ");
    if (hasUtf8Codes(pdfium, text, given)) return { ...withAllLetters(pdfium, text, count, characterOf), named: true };
    const thai = hasThaiCodes(pdfium, text, given) ? thaiText(pdfium, text, count) : undefined;
    if (thai) return thai;
    if (isPairsOfBytes(given)) return { ...withAllLetters(pdfium, text, count, characterOf), utf8: true };
    if (given.length !== count || given.includes(NUL) || STRETCHED.test(given))
      return withAllLetters(pdfium, text, count);
    return { text: withBlanks(given, (index) => isBlank(pdfium, text, index)) };
  } finally {
    call.free(at);
  }
}

/**
 * Whether the codes of unnamed letters are UTF-8: some programs use the bytes of UTF-8 as codes of a font. For a letter
 * that the font does not name, PDFium returns the code.
 */
function hasUtf8Codes({ call }: Pdfium, text: number, given: string): boolean {
  let looks = 0;
  for (let at = 0; at < given.length && looks < SAMPLES; at++) {
    if (given.charCodeAt(at) < 0x80) continue;
    if (call.FPDFText_HasUnicodeMapError(text, at) !== 1) return false;
    if (characterOf(call.FPDFText_GetUnicode(text, at)) === undefined) return false;
    looks++;
  }
  return looks > 0;
}

/** Whether the first codes beyond ASCII may be those of Thai letters that their font does not name. */
function hasThaiCodes({ call }: Pdfium, text: number, given: string): boolean {
  let [looks, unnamed] = [0, 0];
  for (let at = 0; at < given.length && looks < SAMPLES; at++) {
    const code = given.charCodeAt(at);
    if (code < 0xa1 || code > 0xfb) continue;
    looks++;
    if (call.FPDFText_HasUnicodeMapError(text, at) === 1) unnamed++;
  }
  return looks === SAMPLES && unnamed >= UNNAMED_PART * SAMPLES;
}

/** Replaces the codes of unnamed letters by Thai letters. Returns undefined if these do not make a Thai text. */
function thaiText(pdfium: Pdfium, text: number, count: number): GivenText | undefined {
  const decoded = new Set<number>();
  let unnamed = "";
  const all = withAllLetters(pdfium, text, count, (code, index) => {
    const isUnnamed = code >= 0x80 && pdfium.call.FPDFText_HasUnicodeMapError(text, index) === 1;
    const letter = isUnnamed ? thaiLetter(code) : undefined;
    if (letter !== undefined) decoded.add(index);
    // The other letters become blanks, so that `isThai` judges only the unnamed letters, and letters on both sides of a
    // named one do not count as neighbours.
    unnamed += isUnnamed ? (letter ?? signOf(code)) : " ";
    return letter;
  });
  return isThai(unnamed) ? { ...all, decoded } : undefined;
}

/**
 * Returns the text together with letters that PDFium leaves out because it takes their codes for control characters:
 * letters that their font does not name, and letters of words that their font names as U+0000. The latter become
 * U+FFFD. `decoded`, given if the codes have a known encoding: returns the letter for a code.
 */
function withAllLetters(
  pdfium: Pdfium,
  text: number,
  count: number,
  decoded?: (code: number, index: number) => string | undefined,
): GivenText {
  const { call } = pdfium;
  const chars: number[] = [];
  let all = "";
  for (let index = 0; index < count; index++) {
    const isInText = call.FPDFText_GetTextIndexFromCharIndex(text, index) >= 0;
    const code = call.FPDFText_GetUnicode(text, index);
    const isSeen = isInText || (code === 0 && isLetterHigh(pdfium, text, index));
    const isUnnamed = (!isSeen || code < BLANK) && call.FPDFText_HasUnicodeMapError(text, index) === 1;
    if (!isSeen && !isUnnamed) continue;
    if (isUnnamed && ARABIC_END.test(all.slice(-3)) && isFlat(pdfium, text, index)) continue;
    const sign = decoded?.(code, index) ?? withBlanks(signOf(code), () => isBlank(pdfium, text, index));
    for (let unit = 0; unit < sign.length; unit++) chars.push(index);
    all += sign;
  }
  const kept = withUnknown(all);
  const isLeftOut = (at: number): boolean => kept.charAt(at) === NUL;
  return {
    text: kept.replaceAll(NUL, ""),
    chars: Int32Array.from(kept.includes(NUL) ? chars.filter((_char, at) => !isLeftOut(at)) : chars),
  };
}

/** Replaces each U+0000 that is a letter of a word by U+FFFD. Keeps any other U+0000. */
function withUnknown(text: string): string {
  return text.replace(NULS, (nuls, at: number) => {
    const isInWord = IN_WORD.test(text.charAt(at - 1)) || IN_WORD.test(text.charAt(at + nuls.length));
    return isInWord && nuls.length <= MAX_NULS ? "\ufffd".repeat(nuls.length) : nuls;
  });
}

/** Matches control characters, except line ends and U+0002, with which PDFium denotes a hyphen. */
const CONTROL = /[\u0000\u0001\u0003-\u0009\u000b\u000c\u000e-\u001f]/g;

/**
 * Replaces each control character that stands for a blank by a space: some fonts map their blank to a control
 * character.
 */
function withBlanks(text: string, isBlankAt: (index: number) => boolean): string {
  if (text.search(CONTROL) < 0) return text;
  return text.replace(CONTROL, (sign, index: number) => (isBlankAt(index) ? " " : sign));
}

/** Whether a character is a blank: its font names it, and nothing is drawn for it. */
function isBlank(pdfium: Pdfium, text: number, index: number): boolean {
  return pdfium.call.FPDFText_HasUnicodeMapError(text, index) !== 1 && !hasInk(pdfium, text, index);
}

/**
 * A character whose box is not higher than this, in points, has no ink. The limit is not 0 because heights are rounded.
 */
const MIN_INK = 0.1;

const hasInk = (pdfium: Pdfium, text: number, index: number): boolean => inkHeight(pdfium, text, index) > 0;

/** Whether something is drawn for a character, and is not much taller than a letter. */
function isLetterHigh(pdfium: Pdfium, text: number, index: number): boolean {
  const height = inkHeight(pdfium, text, index);
  return height > 0 && height <= MAX_HEIGHT_EM * sizeOf(pdfium, text, index);
}

/** Whether something is drawn for a character, and is as flat as a stroke. */
function isFlat(pdfium: Pdfium, text: number, index: number): boolean {
  const height = inkHeight(pdfium, text, index);
  return height > 0 && height <= FLAT_EM * sizeOf(pdfium, text, index);
}

/** The height of what is drawn for a character, in points; 0 if nothing is drawn. */
function inkHeight({ call, allocate, heap }: Pdfium, text: number, index: number): number {
  const at = allocate(4 * 8);
  try {
    if (!call.FPDFText_GetCharBox(text, index, at, at + 8, at + 16, at + 24)) return 0;
    const [left = 0, right = 0, bottom = 0, top = 0] = new Float64Array(heap().buffer, at, 4);
    return right > left && top - bottom > MIN_INK ? top - bottom : 0;
  } finally {
    call.free(at);
  }
}

/** The font size with which a character is drawn, in points: the stated font size times the scale of its matrix. */
function sizeOf({ call, allocate, heap }: Pdfium, text: number, index: number): number {
  const at = allocate(6 * 4);
  try {
    const isKnown = call.FPDFText_GetMatrix(text, index, at);
    const [, , c = 0, d = 1] = isKnown ? new Float32Array(heap().buffer, at, 4) : [];
    return Math.abs(call.FPDFText_GetFontSize(text, index)) * Math.hypot(c, d);
  } finally {
    call.free(at);
  }
}

const signOf = (code: number): string => (code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code));
