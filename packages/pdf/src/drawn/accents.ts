import type { Rotation } from "../text/rotation.ts";
import { isSpace } from "../text/space.ts";
import type { DrawnLetters, Place } from "./letters.ts";

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
/**
 * In ems. The top of an accent is higher than the top of its letter by an amount between these. An index beside a letter
 * is not higher.
 */
const [MIN_ABOVE_EM, MAX_ABOVE_EM] = [0.02, 0.6] as const;
/** In ems. The top of a mark below a letter is lower than the top of the letter by more than this. */
const MIN_BELOW_EM = 0.2;
/** Matches the marks below a letter. */
const BELOW = /[\u0327\u0328]/;
/** In ems. A gap between two letters that is wider than this is a blank. */
const BLANK_EM = 0.17;
/**
 * An accent that is drawn in one text object with letters is fewer characters than this away from its letter. PDFium may
 * return another accent after the object that has its letter, so the letter is looked for in the whole line.
 */
const NEAR = 4;
/** A line with more characters than this is left as it is. */
const MAX_LINE = 1000;
const BLANK = 0x20;

/** A text, and the index of PDFium's character for each of its UTF-16 units; left out if the indexes are the same. */
interface Drawn {
  readonly text: string;
  readonly chars?: Int32Array | undefined;
}

/** A letter that gets an accent. `at`: its index in the text. `letter`: the letter with the accent. */
interface Accented {
  readonly at: number;
  readonly letter: string;
}

/**
 * Makes one letter of each accent and the letter at its place. Returns undefined if there is none. `letters`: the
 * characters of `text`, by their indexes in it. `rotation`: the direction in which these are upright; accents in text
 * of another direction are left as they are. `accented`: the indexes of PDFium's characters that became letters with an
 * accent.
 */
export function withAccents(
  drawn: Drawn,
  letters: DrawnLetters,
  rotation: Rotation,
): (Drawn & { readonly chars: Int32Array; readonly accented: readonly number[] }) | undefined {
  const { text, chars } = drawn;
  const changes = new Map<number, string>();
  for (let start = 0; start < text.length;) {
    const lineEnd = text.indexOf("\n", start);
    const end = lineEnd < 0 ? text.length : lineEnd + 1;
    const line = text.slice(start, end);
    if (ACCENT.test(line) && line.length <= MAX_LINE) changesIn(accentedLine(line, start, letters, rotation), changes);
    start = end;
  }
  if (changes.size === 0) return undefined;
  const [kept, accented]: [number[], number[]] = [[], []];
  let composed = "";
  for (let at = 0; at < text.length; at++) {
    const letter = changes.get(at) ?? text.charAt(at);
    if (letter === "") continue;
    const char = chars ? (chars[at] as number) : at;
    composed += letter;
    kept.push(char);
    if (changes.has(at) && letter !== " ") accented.push(char);
  }
  return { text: composed, chars: Int32Array.from(kept), accented };
}

/** The characters of one line. `start`: the index of the line's first character in the text. */
interface AccentedLine {
  readonly line: string;
  readonly start: number;
  readonly letters: DrawnLetters;
  /** The place of a character, by its index in the line; undefined if its text has another direction. */
  placeOf(index: number): Place | undefined;
}

function accentedLine(line: string, start: number, letters: DrawnLetters, rotation: Rotation): AccentedLine {
  const known = new Map<number, Place | undefined>();
  const placeOf = (index: number): Place | undefined => {
    if (!known.has(index)) {
      const place = letters.of(start + index);
      known.set(index, place?.direction === rotation ? place : undefined);
    }
    return known.get(index);
  };
  return { line, start, letters, placeOf };
}

/** Adds what changes in a line to `changes`: for the index of a character, what takes its place. */
function changesIn(whole: AccentedLine, changes: Map<number, string>): void {
  const { line, start, letters, placeOf } = whole;
  const removed = new Set<number>();
  for (const { 0: accent, index } of line.matchAll(ACCENTS)) {
    const found = accented(whole, index, MARKS.get(accent) as string);
    if (found === undefined || changes.has(start + found.at)) continue;
    changes.set(start + found.at, found.letter);
    removed.add(index);
  }
  // PDFium may have made blanks before and after an accent, or have taken the accent for the blank's end. The blank is real if the letters around it are apart.
  const isMade = (at: number): boolean => line.charCodeAt(at) === BLANK && letters.isGenerated(start + at);
  for (const index of removed) {
    let [before, after] = [index - 1, index + 1];
    while (before >= 0 && (removed.has(before) || isMade(before))) before--;
    while (after < line.length && (removed.has(after) || isMade(after))) after++;
    for (let at = before + 1; at < after; at++) {
      changes.set(start + at, "");
      removed.delete(at);
    }
    const isInLine = before >= 0 && line.slice(after).trim() !== "";
    const { size = 0 } = (isInLine && placeOf(before)) || {};
    const isApart = isInLine && letters.advanceGap(start + before, start + after) > BLANK_EM * size;
    if (isApart) changes.set(start + index, " ");
  }
}

/** The letter of a line at the place of an accent, the nearest to it in the text; undefined if there is none. */
function accented(whole: AccentedLine, accent: number, mark: string): Accented | undefined {
  const { line, placeOf } = whole;
  const over = placeOf(accent);
  if (!over || over.right <= over.left) return undefined;
  const middle = (over.left + over.right) / 2;
  const reach = isDrawnWithLetters(whole, accent) ? NEAR : line.length;
  for (let step = 1; step < reach; step++) {
    for (const at of [accent + step, accent - step]) {
      if (at < 0 || at >= line.length) continue;
      const under = placeOf(at);
      if (!under || middle <= under.left || middle >= under.right) continue;
      const sign = line.charAt(at);
      const letter = `${WITHOUT_DOT.get(sign) ?? sign}${mark}`.normalize("NFC");
      const above = (over.top - under.top) / under.size;
      const isAtMark = BELOW.test(mark) ? above < -MIN_BELOW_EM : above > MIN_ABOVE_EM && above < MAX_ABOVE_EM;
      const isAtMiddle = Math.abs((under.left + under.right) / 2 - middle) <= MIDDLE_EM * under.size;
      if (letter.length === 1 && isAtMark && isAtMiddle) return { at, letter };
    }
  }
  return undefined;
}

/** Whether an accent is in one text object with the character before it or after it. */
function isDrawnWithLetters({ line, start, letters }: AccentedLine, accent: number): boolean {
  const object = letters.objectOf(start + accent);
  return [accent - 1, accent + 1].some(
    (at) => at >= 0 && at < line.length && !isSpace(line.charCodeAt(at)) && letters.objectOf(start + at) === object,
  );
}
