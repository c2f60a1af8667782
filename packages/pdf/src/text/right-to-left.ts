import { nearestOf } from "./nearest.ts";
import type { Extent } from "./styled.ts";

/*
 * Finds the reading order of a line from the positions of its letters: Unicode's bidi rules, applied in reverse. PDFium
 * assumes that the letters of a right-to-left line are stored in reading order. But programs store them in either
 * order, and then Latin words, numbers and brackets within the line come out reversed.
 */

export const RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const ARABIC = /[\u0600-\u065f\u066e-\u06ef\u06fa-\u08ff\ufb50-\ufdff\ufe70-\ufefc]/;
const DIGIT = /[0-9\u0660-\u0669\u06f0-\u06f9]/;
/** Characters that may stand within a number. */
const IN_NUMBER = /^[.,:/\u066b\u066c+-]$/;
/** Characters that belong to the number beside them. */
const UNIT = /^[%$€£\u066a]$/;
const SENTENCE_END = /^[.,;:!?]+$/;
const LETTER = /\p{L}/u;
const MARK = /\p{M}/u;
/**
 * The ranges of characters that stand for lam-alef, Allah and the like. Other Arabic ligatures are left out, because
 * the letters of many of them, in reverse, are those of another ligature.
 */
const LIGATURES = [
  [0xfdf0, 0xfdfb],
  [0xfef5, 0xfefc],
] as const;
/** No ligature has more letters than this. */
const MAX_LIGATURE = 18;
/** An invisible character that joins two letters or keeps them apart. Its position is that of the letter before it. */
const JOINER = /^[\u200c\u200d]$/;
const BRACKETS = ["()", "[]", "{}", "<>", "«»"] as const;
/**
 * Glyphs whose origins differ by less than this many ems are drawn at one place, for example the parts of a lam-alef.
 */
const ONE_PLACE_EM = 0.03;
/**
 * A gap of at least this many ems is a blank. Beside brackets and quotes, which have free space at their sides, the
 * limit is `BRACKET_BLANK_EM`.
 */
const BLANK_EM = 0.18;
const BRACKET_BLANK_EM = 0.26;
/**
 * Matches a mark that ends a word or a number. There is no blank before it unless the gap is as wide as
 * `ENDING_BLANK_EM`, in ems: in Kufi and Nastaliq the gap before a full stop is wider than `BLANK_EM`.
 */
const [ENDING, ENDING_BLANK_EM] = [/^[.,:;!?\u060c\u061b\u061f\u06d4]$/, 0.5] as const;
const BRACKET = /^[()[\]{}<>"'\u00ab\u00bb\u201c-\u201f]/;

/** A line with more characters than this keeps PDFium's order of letters: it is not a line of real text. */
export const MAX_REORDERED = 20_000;

/** Whether most letters of a text are right-to-left. */
export function isMostlyRtl(text: string): boolean {
  if (!RTL.test(text)) return false;
  const letters = text.match(/\p{L}/gu) ?? [];
  return 2 * letters.filter((letter) => RTL.test(letter)).length > letters.length;
}

/** A character of a line and its position. `x`: the origin of its glyph. */
export interface PlacedSign {
  readonly text: string;
  /** The character's index in the line as PDFium returned it: PDFium saw no blank between two consecutive indexes. */
  readonly index: number;
  readonly left: number;
  readonly right: number;
  readonly x: number;
}

/**
 * The text of a line in reading order. `size`: the size of the type, in the unit of the positions. `rtl`: whether most
 * of the page is right-to-left, which decides the direction of a line whose two ends do not show it.
 */
export function inReadingOrder(
  signs: readonly PlacedSign[],
  { size, rtl = true }: { readonly size: number; readonly rtl?: boolean },
): string {
  const glyphs = glyphsOf(
    signs.filter(({ text, left, right }) => text.trim() !== "" || right > left),
    size,
  );
  const blanks = new Set(signs.filter(({ text }) => text === " ").map(({ index }) => index));
  const visual = withBlanks(glyphs, size, blanks);
  return mendBrackets(isRightToLeft(visual, rtl) ? rightToLeft(visual) : leftToRight(visual));
}

/**
 * The signs of a line by cell, from left to right, and the gaps between its words. `cellGap`: cells are at least this far
 * apart.
 */
export function inCells(
  signs: readonly PlacedSign[],
  { size, cellGap }: { readonly size: number; readonly cellGap: number },
): { readonly cells: PlacedSign[][]; readonly gaps: readonly number[] } {
  const ends: Array<{ readonly left: number; right: number; last: PlacedSign; readonly signs: PlacedSign[] }> = [];
  const gaps: number[] = [];
  const ink = signs.filter(({ text }) => text.trim() !== "");
  for (const sign of ink.toSorted((one, other) => one.left - other.left)) {
    const cell = ends.at(-1);
    // If PDFium saw no blank between two letters, the gap is not a blank but a long joint between them.
    const isJoined = cell !== undefined && Math.abs(cell.last.index - sign.index) === 1;
    const gap = cell === undefined || isJoined ? 0 : sign.left - cell.right;
    if (gap > BLANK_EM * size) gaps.push(gap);
    if (cell === undefined || gap > cellGap) ends.push({ left: sign.left, right: sign.right, last: sign, signs: [] });
    else if (sign.right > cell.right) [cell.right, cell.last] = [sign.right, sign];
  }
  const nearest = nearestOf(
    ends,
    (cell) => cell.left,
    (cell) => cell.right,
  );
  for (const sign of signs) {
    const middle = (sign.left + sign.right) / 2;
    const cell = nearest(middle);
    if (cell && middle >= cell.left && middle <= cell.right) cell.signs.push(sign);
  }
  return { cells: ends.map((end) => end.signs), gaps };
}

/** The extents of the words of a text whose signs were put in order; undefined if its gaps are not those between words. */
export function wordsApart(signs: readonly PlacedSign[], text: string, size: number): Extent[] | undefined {
  const words = inCells(signs, { size, cellGap: BLANK_EM * size }).cells.map(extentOf);
  if (words.length !== text.match(/\S+/g)?.length) return undefined;
  return RTL.test(text) ? words.reverse() : words;
}

/** The extent of signs, from the first ink to the last. */
export function extentOf(signs: readonly PlacedSign[]): Extent {
  const ink = signs.filter((sign) => sign.text.trim() !== "");
  return { left: Math.min(...ink.map((sign) => sign.left)), right: Math.max(...ink.map((sign) => sign.right)) };
}

function isRightToLeft(visual: readonly string[], rtl: boolean): boolean {
  const letters = visual.filter((sign) => LETTER.test(sign));
  const [first = "", last = ""] = [letters[0], letters.at(-1)];
  return RTL.test(first) === RTL.test(last) ? RTL.test(first) : rtl;
}

/** A glyph: its letters in reading order, its position, and the range of its indexes in PDFium's line. */
interface Glyph {
  text: string;
  from: number;
  to: number;
  readonly left: number;
  readonly right: number;
}

/** The letters of each ligature in `LIGATURES`. */
let ligatures: ReadonlySet<string> | undefined;

/** Whether `letters` are, in this order, the letters of a ligature in `LIGATURES`. */
function isLigature(letters: string): boolean {
  if (letters.length > MAX_LIGATURE) return false;
  ligatures ??= new Set(LIGATURES.flatMap(([first, last]) => range(first, last)).map((sign) => sign.normalize("NFKC")));
  return ligatures.has(letters);
}

function range(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, at) => String.fromCharCode(first + at));
}

/** Groups letters that are drawn as one glyph, and adds each mark to its letter. Returns glyphs from left to right. */
function glyphsOf(signs: readonly PlacedSign[], size: number): Glyph[] {
  const glyphs: Array<Glyph & { x: number; given: string }> = [];
  const marks: PlacedSign[] = [];
  let before: PlacedSign | undefined;
  for (const sign of signs) {
    const { text, index, left, right, x } = sign;
    const last = glyphs.at(-1);
    // Whether this sign and the one before it are a letter and its mark that the file has as one character.
    const isOne = before !== undefined && before.x === x && before.left === left && before.right === right;
    if (isOne && MARK.test(before!.text) && !MARK.test(text) && marks.at(-1)?.index === before!.index) {
      marks.pop();
      glyphs.push({
        text: RTL.test(text) ? text + before!.text : before!.text + text,
        given: before!.text + text,
        from: before!.index,
        to: index,
        left,
        right,
        x,
      });
    } else if (last && last.x === x && last.left === left && text.trim() !== "" && !JOINER.test(text)) {
      last.given += text;
      // PDFium reverses the letters of a ligature one by one, so they are put back in order here. They are in order
      // already if the font names the ligature by the single character that stands for all of its letters.
      const isInOrder = !RTL.test(text) || isLigature(last.given);
      add(last, isInOrder ? last.given : text + last.text, index);
    } else if (MARK.test(text) || JOINER.test(text)) marks.push(sign);
    else glyphs.push({ text, given: text, from: index, to: index, left, right, x });
    before = sign;
  }
  const letters = glyphs.filter(({ text }) => text.trim() !== "");
  const at = nearestOf(
    letters,
    (one) => one.left,
    (one) => one.right,
  );
  const from = nearestOf(
    letters,
    (one) => one.x,
    (one) => one.x,
  );
  for (const { text, index, left, right, x } of marks) {
    const base = JOINER.test(text) ? from(x) : at((left + right) / 2);
    if (base) add(base, base.text + text, index);
  }
  const ordered = glyphs.sort((one, other) => one.x - other.x);
  for (let at = 1; at < ordered.length; at++) {
    const [one, other] = [ordered[at - 1] as (typeof ordered)[0], ordered[at] as (typeof ordered)[0]];
    const isOnePlace = other.x - one.x < ONE_PLACE_EM * size && RTL.test(one.text);
    // Some programs draw the joiner of two letters as a blank at the position of the letter before the joiner.
    const isBehind = other.text.trim() === "" || (RTL.test(other.text) && other.left < one.left);
    if (isOnePlace && isBehind) [ordered[at - 1], ordered[at]] = [other, one];
  }
  return ordered;
}

function add(glyph: Glyph, text: string, index: number): void {
  glyph.text = text;
  glyph.from = Math.min(glyph.from, index);
  glyph.to = Math.max(glyph.to, index);
}

/**
 * The texts of the glyphs, with the blanks that are drawn, and a blank for each gap that is wide enough. `blanks`: the
 * indexes of all blanks in PDFium's line.
 */
function withBlanks(glyphs: readonly Glyph[], size: number, blanks: ReadonlySet<number>): string[] {
  const all: string[] = [];
  let before: Glyph | undefined;
  let end = -Infinity;
  for (const glyph of glyphs) {
    const isBlank = glyph.text.trim() === "";
    const apart =
      before !== undefined &&
      !followed(before, glyph) &&
      (glyph.left - end > blankOf(before, glyph, all.at(-2)) * size || isBetweenLatin(before, glyph, blanks));
    if ((isBlank || apart) && all.at(-1) !== " ") all.push(" ");
    if (!isBlank) all.push(glyph.text);
    end = Math.max(end, glyph.right);
    before = glyph;
  }
  return all;
}

/**
 * How many ems wide the gap between two glyphs must be to be a blank. `one` is the left glyph, and `left` is the sign
 * or blank at its left.
 */
function blankOf(one: Glyph, other: Glyph, left = " "): number {
  const endsLatin = DIGIT.test(left) || (LETTER.test(left) && !RTL.test(left));
  // A mark with a digit on both sides is within a number and ends nothing.
  const endsOther = RTL.test(other.text) && (!endsLatin || DIGIT.test(other.text));
  if (ENDING.test(one.text) && endsOther) return ENDING_BLANK_EM;
  return BRACKET.test(one.text) || BRACKET.test(other.text) ? BRACKET_BLANK_EM : BLANK_EM;
}

/**
 * Whether one glyph directly follows the other in PDFium's line, in either order, and has the same direction: then
 * there is no blank between them.
 */
function followed(one: Glyph, other: Glyph): boolean {
  const next = one.to + 1 === other.from || other.to + 1 === one.from;
  return next && RTL.test(one.text) === RTL.test(other.text);
}

/**
 * Whether PDFium has a blank between two letters that are read from the left. Its blank counts even if the gap is
 * narrow: PDFium knows the widths of the letters, and Latin words may be in smaller type than the rest of the line.
 */
function isBetweenLatin(one: Glyph, other: Glyph, blanks: ReadonlySet<number>): boolean {
  if (other.from !== one.to + 2 || !blanks.has(one.to + 1)) return false;
  return [one, other].every(({ text }) => LETTER.test(text) && !RTL.test(text));
}

/**
 * The direction of a sign: R for right-to-left, L for left-to-right, N for a part of a number. Signs without a
 * direction of their own get one from their neighbours.
 */
type Kind = "R" | "L" | "N";
type OpenKind = Kind | "blank" | "other";

/** Converts signs, given from left to right, to the text of a line that is read from the right. */
function rightToLeft(visual: readonly string[]): string {
  const kinds = kindsOf(visual);
  let text = "";
  for (let end = visual.length; end > 0;) {
    const kind = kinds[end - 1];
    let start = end - 1;
    while (kind !== "R" && start > 0 && kinds[start - 1] === kind) start--;
    text += visual.slice(start, end).join("");
    end = start;
  }
  return text;
}

/**
 * Converts signs, given from left to right, to the text of a line that is read from the left: its right-to-left parts
 * are reversed.
 */
function leftToRight(visual: readonly string[]): string {
  const kinds = kindsOf(visual);
  let text = "";
  let [end, looked] = [0, 0];
  for (let at = 0; at < visual.length;) {
    end = Math.max(end, at);
    for (looked = Math.max(looked, at); looked < visual.length && kinds[looked] !== "L"; looked++)
      if (RTL.test(visual[looked] as string)) end = looked + 1;
    const turned = RTL.test(visual[at] as string) && end > at;
    text += turned ? rightToLeft(visual.slice(at, end)) : (visual[at] as string);
    at = turned ? end : at + 1;
  }
  return text;
}

/** The direction of each sign. Blanks between Latin words and numbers beside them have the direction of these words. */
function kindsOf(visual: readonly string[]): Kind[] {
  const isArabic = visual.some((sign) => ARABIC.test(sign));
  const open = visual.map(openKind);
  const kinds: OpenKind[] = [...open];
  for (let at = 0; at < open.length; at++) {
    if (open[at] !== "other") continue;
    // In a line without Arabic letters, for example a Hebrew one, a percent sign belongs to the number before it.
    if (!isArabic && UNIT.test(visual[at] as string) && open[at - 1] === "N") {
      open[at] = kinds[at] = "N";
      continue;
    }
    let end = at + 1;
    while (open[end] === "other") end++;
    const signs = visual.slice(at, end).join("");
    // In a line with Arabic letters, a percent sign stands alone unless a Latin letter is beside it.
    const isApart = isArabic && UNIT.test(signs) && open[at - 1] !== "L" && open[end] !== "L";
    kinds.fill(isApart ? "R" : kindBetween(signs, open[at - 1], open[end]), at, end);
    at = end - 1;
  }
  const [before, behind] = [besideNumbers(kinds), besideNumbers(kinds.toReversed()).reverse()];
  const numbered = kinds.map((kind, at) => (kind === "N" && (before[at] === "L" || behind[at] === "L") ? "L" : kind));
  return numbered.map((kind, at): Kind => {
    if (kind === "blank") return numbered[at - 1] === "L" && numbered[at + 1] === "L" ? "L" : "R";
    return kind === "other" ? "R" : kind;
  });
}

/** For each index: the kind of the last sign up to this index that is neither a part of a number nor a blank. */
function besideNumbers(kinds: readonly OpenKind[]): Array<OpenKind | undefined> {
  let last: OpenKind | undefined;
  return kinds.map((kind) => (last = kind === "N" || kind === "blank" ? last : kind));
}

function openKind(sign: string): OpenKind {
  if (DIGIT.test(sign)) return "N";
  if (IN_NUMBER.test(sign) || UNIT.test(sign)) return "other";
  if (RTL.test(sign)) return "R";
  if (LETTER.test(sign)) return "L";
  return sign.trim() === "" ? "blank" : "other";
}

/** The direction of signs that have none of their own, from the directions of their two neighbours. */
function kindBetween(signs: string, left: OpenKind | undefined, right: OpenKind | undefined): Kind {
  if (left === "R" || right === "R") return "R";
  const beside = [left, right].filter((kind) => kind === "L" || kind === "N");
  if (beside.length === 2) return beside.includes("L") ? "L" : IN_NUMBER.test(signs) ? "N" : "R";
  if (beside[0] === "N") return UNIT.test(signs) ? "N" : "R";
  // A punctuation mark to the left of a Latin word ends the right-to-left sentence around it.
  return beside[0] === "L" && !(right === "L" && SENTENCE_END.test(signs)) ? "L" : "R";
}

/**
 * Mends brackets: some PDFs store them mirrored, others not. If the brackets of a kind do not match, every second one
 * becomes a closing one.
 */
function mendBrackets(line: string): string {
  let text = line;
  for (const [open, close] of BRACKETS.map((pair) => [...pair] as [string, string])) {
    const count = [...text].filter((sign) => sign === open || sign === close).length;
    if (count === 0 || count % 2 === 1 || isBalanced(text, open, close)) continue;
    let opened = false;
    text = [...text]
      .map((sign) => {
        if (sign !== open && sign !== close) return sign;
        opened = !opened;
        return opened ? open : close;
      })
      .join("");
  }
  return text;
}

function isBalanced(text: string, open: string, close: string): boolean {
  let depth = 0;
  for (const sign of text) {
    if (sign === open) depth++;
    if (sign === close && --depth < 0) return false;
  }
  return depth === 0;
}
