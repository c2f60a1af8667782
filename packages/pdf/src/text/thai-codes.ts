/*
 * Some fonts do not name their Thai letters, and have them at the codes of TIS-620, the single-byte encoding of Thai.
 * PDFium returns these codes, which look like accented Latin letters.
 */

const THAI = 0x0e00;
/**
 * Thai fonts have some marks several times, also shifted to the left or upwards, at codes that TIS-620 leaves free.
 * This map has the mark for each of these codes in the fonts of Windows and LaTeX.
 */
const SHIFTED = new Map([
  ...[0x81, 0x82, 0x83, 0x84].map((code, at) => [code, 0x0e34 + at] as const),
  ...[0x86, 0x8b, 0x9b].flatMap((first) => [0, 1, 2, 3, 4].map((at) => [first + at, 0x0e48 + at] as const)),
  [0x98, 0x0e31],
  [0x99, 0x0e4d],
  [0x9a, 0x0e47],
]);
const MARK = "[\\u0e31\\u0e34-\\u0e3a\\u0e47-\\u0e4e]";
const CONSONANT = "[\\u0e01-\\u0e2e]";
const EVERY_MARK = new RegExp(MARK, "g");
const MARK_AT_ITS_LETTER = new RegExp(`(?<=${CONSONANT}|${MARK})${MARK}`, "g");
const VOWEL_BEFORE = /[\u0e40-\u0e44]/g;
const VOWEL_AT_ITS_LETTER = new RegExp(`[\\u0e40-\\u0e44](?=${CONSONANT})`, "g");
/** A text with fewer marks and vowels than this does not count as Thai: so few may look right by chance. */
const MIN_SIGNS = 8;
/**
 * In Thai, at least this part of the marks and vowels stands where it should: beside a consonant, or after another
 * mark. Letters of other scripts at the same codes stand anywhere.
 */
const IN_PLACE = 0.95;
/**
 * In Thai, at least this part of all letters, and usually a quarter, consists of marks and of vowels that stand before
 * their consonant. In Big5, a Chinese encoding, a twentieth of the letters looks so.
 */
const SIGNS = 0.15;
/** Matches a run of codes that were decoded as Thai letters, and of codes from 0x80 to 0xFF that no Thai letter has. */
const RUN = /[\u0080-\u00ff\u0e01-\u0e5b]+/g;
/**
 * Matches Thai letters that may really be the first byte of a Korean or Japanese letter: in EUC-KR most first bytes are
 * 0xB0 to 0xC8, in EUC-JP those of kana are 0xA4 and 0xA5.
 */
const FIRST_OF_PAIR = /[\u0e04\u0e05\u0e10-\u0e28]/;
/**
 * If at least this part of the letters is in pairs that begin with a letter of FIRST_OF_PAIR, each pair is one letter
 * of two bytes, and the text is not Thai.
 */
const PAIRED = 0.65;

/** The Thai letter at a code of TIS-620, or at a further code of Thai fonts; undefined if there is none. */
export function thaiLetter(code: number): string | undefined {
  if ((code >= 0xa1 && code <= 0xda) || (code >= 0xdf && code <= 0xfb)) return String.fromCharCode(code - 0xa0 + THAI);
  const shifted = SHIFTED.get(code);
  return shifted === undefined ? undefined : String.fromCharCode(shifted);
}

/**
 * Whether a text that was decoded as TIS-620 is Thai: its vowels and marks are where Thai has them. In EUC-KR and
 * EUC-JP they may be there, too, because each letter is a pair of bytes. So a text that mostly consists of such pairs
 * is not Thai.
 */
export function isThai(text: string): boolean {
  const count = (signs: RegExp): number => text.match(signs)?.length ?? 0;
  const signs = count(EVERY_MARK) + count(VOWEL_BEFORE);
  if (signs < MIN_SIGNS || count(MARK_AT_ITS_LETTER) + count(VOWEL_AT_ITS_LETTER) < IN_PLACE * signs) return false;
  let [all, paired] = [0, 0];
  for (const [run] of text.matchAll(RUN)) {
    all += run.length;
    if (run.length % 2 === 1) continue;
    for (let at = 0; at < run.length; at += 2) if (FIRST_OF_PAIR.test(run.charAt(at))) paired += 2;
  }
  return signs >= SIGNS * all && paired < PAIRED * all;
}
