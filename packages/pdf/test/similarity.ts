/*
 * Measures how similar two texts are, for tests and benches. Only the words matter, as they do for the AI engine, so
 * differences in white space, compatibility forms and invisible marks are removed first.
 */

const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const LINE_HYPHEN = /(\p{L})[-\u2010\u00ad]\s*\n\s*(?=\p{Ll})/gu;

/**
 * The form in which texts are compared: NFKC, without bidi marks, with the parts of words joined that a hyphen
 * separates at a line's end, and with one blank for any white space.
 */
export function normalise(text: string): string {
  return text
    .normalize("NFKC")
    .replace(BIDI, "")
    .replace(LINE_HYPHEN, "$1")
    .replace(/\u00ad/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

/**
 * The similarity of two texts, from 0 to 1: 1 minus the Levenshtein distance divided by the length of the longer text.
 * For texts of more than 30,000 characters the result may be too low.
 */
export function similarity(text: string, truth: string): number {
  const a = normalise(text);
  const b = normalise(truth);
  const length = Math.max(a.length, b.length);
  return length === 0 ? 1 : 1 - distance(a, b) / length;
}

const SCRIPT_WITHOUT_BLANKS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
/**
 * Matches a word: at least two letters, or one character of a script without blanks. Page numbers and bullets are no
 * words.
 */
const WORD = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{M}]{2,}/gu;

function wordsOf(text: string): string[] {
  // A match may mix letters and characters of a script without blanks. Then each character counts as a word.
  const runs = normalise(text).match(WORD) ?? [];
  return runs.flatMap((run) => (SCRIPT_WITHOUT_BLANKS.test(run) ? [...run] : [run.toLowerCase()]));
}

export function wordCount(text: string): number {
  return wordsOf(text).length;
}

/**
 * The F1 score of a text's words against the expected words, from 0 to 1. Repeated words count repeatedly. The order
 * does not matter.
 */
export function wordF1(text: string, truth: string): number {
  return f1(wordsOf(text), wordsOf(truth));
}

/** The F1 score of pairs of neighbouring words, from 0 to 1. It shows how far the order is the same. */
export function pairF1(text: string, truth: string): number {
  return f1(pairs(wordsOf(text)), pairs(wordsOf(truth)));
}

function pairs(words: readonly string[]): string[] {
  return words.slice(1).map((word, index) => `${words[index]} ${word}`);
}

function f1(these: readonly string[], those: readonly string[]): number {
  const [found, wanted] = [counted(these), counted(those)];
  let common = 0;
  for (const [word, count] of found) common += Math.min(count, wanted.get(word) ?? 0);
  const sum = total(found) + total(wanted);
  return sum === 0 ? 1 : (2 * common) / sum;
}

function counted(words: readonly string[]): Map<string, number> {
  const count = new Map<string, number>();
  for (const word of words) count.set(word, (count.get(word) ?? 0) + 1);
  return count;
}

function total(count: Map<string, number>): number {
  return [...count.values()].reduce((sum, each) => sum + each, 0);
}

const EXACT_UNITS = 30_000;
const ANCHOR = 60;

/**
 * The Levenshtein distance. If both texts have more than 30,000 UTF-16 units without their equal beginnings and ends,
 * they are cut at a passage that both contain, and the distances of the parts are added. This sum may be larger than
 * the distance.
 */
function distance(a: string, b: string): number {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const x = a.slice(start, a.length - end);
  const y = b.slice(start, b.length - end);
  if (x.length === 0 || y.length === 0) return Math.max(x.length, y.length);
  if (Math.min(x.length, y.length) <= EXACT_UNITS) return bitParallel(x, y);
  for (let tries = 0; tries < 400; tries++) {
    const at = Math.floor(x.length / 2) + (tries % 2 ? -1 : 1) * tries * 37;
    const anchor = x.slice(at, at + ANCHOR);
    const expected = Math.floor((at / x.length) * y.length);
    const found = y.indexOf(anchor, Math.max(0, expected - 2_000));
    if (anchor.length === ANCHOR && found >= 0 && Math.abs(found - expected) < 4_000) {
      return distance(x.slice(0, at), y.slice(0, found)) + distance(x.slice(at), y.slice(found));
    }
  }
  return bitParallel(x, y);
}

/** The Levenshtein distance by Myers' algorithm, on words of 32 bits. */
function bitParallel(a: string, b: string): number {
  const blocks = Math.ceil(a.length / 32);
  const peq = new Map<number, Uint32Array>();
  for (let i = 0; i < a.length; i++) {
    const unit = a.charCodeAt(i);
    let mask = peq.get(unit);
    if (!mask) peq.set(unit, (mask = new Uint32Array(blocks)));
    mask[i >>> 5]! |= 1 << (i & 31);
  }
  const none = new Uint32Array(blocks);
  const plus = new Uint32Array(blocks).fill(0xffffffff);
  const minus = new Uint32Array(blocks);
  const last = 1 << ((a.length - 1) & 31);
  let score = a.length;
  for (let j = 0; j < b.length; j++) {
    const mask = peq.get(b.charCodeAt(j)) ?? none;
    let carryPlus = 1;
    let carryMinus = 0;
    for (let k = 0; k < blocks; k++) {
      const pv = plus[k]!;
      const mv = minus[k]!;
      const eq = mask[k]! | carryMinus;
      const xv = mask[k]! | mv;
      const xh = ((((eq & pv) >>> 0) + (pv >>> 0)) ^ pv) | eq;
      let ph = mv | ~(xh | pv);
      let mh = pv & xh;
      if (k === blocks - 1) {
        if (ph & last) score++;
        else if (mh & last) score--;
      }
      const outPlus = ph >>> 31;
      const outMinus = mh >>> 31;
      ph = (ph << 1) | carryPlus;
      mh = (mh << 1) | carryMinus;
      plus[k] = mh | ~(xv | ph);
      minus[k] = ph & xv;
      carryPlus = outPlus;
      carryMinus = outMinus;
    }
  }
  return score;
}
