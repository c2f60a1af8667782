import { nearestOf } from "./nearest.ts";
import type { Extent } from "./styled.ts";

/*
 * Finds the reading order of a line from the positions of its letters, by Unicode's bidi rules in reverse. PDFium
 * assumes that a PDF stores right-to-left letters in reading order. But programs store them in either order, so in
 * PDFium's text Latin words, numbers and brackets in such a line may be reversed.
 */

export const RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const ARABIC = /[\u0600-\u065f\u066e-\u06ef\u06fa-\u08ff\ufb50-\ufdff\ufe70-\ufefc]/;
const DIGIT = /[0-9\u0660-\u0669\u06f0-\u06f9]/;
/** Matches a character that may be inside of a number. */
const IN_NUMBER = /^[.,:/\u066b\u066c+-]$/;
/** Matches a character that belongs to a number beside it. */
const UNIT = /^[%$€£\u066a]$/;
const SENTENCE_END = /^[.,;:!?]+$/;
const LETTER = /\p{L}/u;
const MARK = /\p{M}/u;
/**
 * The first and last character of ranges of Arabic ligatures, such as lam-alef. Ligatures whose reversed letters are
 * another ligature are left out.
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
 * Two glyphs are drawn at one place, as the parts of a lam-alef, if their origins differ by less than this many ems.
 */
const ONE_PLACE_EM = 0.03;
/**
 * A gap between two glyphs that is wider than this many ems is a blank. Beside brackets and quotation marks, which have
 * free space at their sides, the limit is BRACKET_BLANK_EM.
 */
export const BLANK_EM = 0.18;
const BRACKET_BLANK_EM = 0.26;
/**
 * Matches a punctuation mark that ends a word or a number. In some styles of Arabic, the gap before such a mark is
 * wider than BLANK_EM. So this gap is a blank only if it is wider than ENDING_BLANK_EM, in ems.
 */
const [ENDING, ENDING_BLANK_EM] = [/^[.,:;!?\u060c\u061b\u061f\u06d4]$/, 0.5] as const;
const BRACKET = /^[()[\]{}<>"'\u00ab\u00bb\u201c-\u201f]/;

/** A line with more characters than this keeps PDFium's order: it is no line of a real text. */
export const MAX_REORDERED = 20_000;

export function isMostlyRtl(text: string): boolean {
  if (!RTL.test(text)) return false;
  const letters = text.match(/\p{L}/gu) ?? [];
  return 2 * letters.filter((letter) => RTL.test(letter)).length > letters.length;
}

/** A character of a line and its position. `x`: the origin of its glyph. */
export interface PlacedSign {
  readonly text: string;
  /** The index in PDFium's line. Between consecutive indexes PDFium has no blank. */
  readonly index: number;
  readonly left: number;
  readonly right: number;
  readonly x: number;
}

/**
 * Returns a line's text in reading order. `size`: the font size, in the unit of the positions. `rtl`: whether the line
 * is right-to-left, if only one of its ends is.
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
 * Splits a line into cells, from left to right, at gaps wider than `cellGap`. Also returns the widths of all gaps wider
 * than a blank.
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
    // Letters that follow each other in PDFium's line have no blank between them: the gap is a stroke that joins them.
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

/**
 * Returns the extents of a text's words, found from the gaps between its characters. Returns undefined if these gaps
 * separate more or fewer words than the text has.
 */
export function wordsApart(signs: readonly PlacedSign[], text: string, size: number): Extent[] | undefined {
  const words = inCells(signs, { size, cellGap: BLANK_EM * size }).cells.map(extentOf);
  if (words.length !== text.match(/\S+/g)?.length) return undefined;
  return RTL.test(text) ? words.reverse() : words;
}

export function extentOf(signs: readonly PlacedSign[]): Extent {
  const ink = signs.filter((sign) => sign.text.trim() !== "");
  return { left: Math.min(...ink.map((sign) => sign.left)), right: Math.max(...ink.map((sign) => sign.right)) };
}

function isRightToLeft(visual: readonly string[], rtl: boolean): boolean {
  const letters = visual.filter((sign) => LETTER.test(sign));
  const [first = "", last = ""] = [letters[0], letters.at(-1)];
  return RTL.test(first) === RTL.test(last) ? RTL.test(first) : rtl;
}

/** A glyph: its letters in reading order, and the first and last of their indexes in PDFium's line. */
interface Glyph {
  text: string;
  from: number;
  to: number;
  readonly left: number;
  readonly right: number;
}

/** For each ligature of `LIGATURES`: its letters. */
let ligatures: ReadonlySet<string> | undefined;

function isLigature(letters: string): boolean {
  if (letters.length > MAX_LIGATURE) return false;
  ligatures ??= new Set(LIGATURES.flatMap(([first, last]) => range(first, last)).map((sign) => sign.normalize("NFKC")));
  return ligatures.has(letters);
}

function range(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, at) => String.fromCharCode(first + at));
}

/**
 * Makes glyphs of characters, from left to right. Letters of one glyph are together, and each mark is with its letter.
 */
function glyphsOf(signs: readonly PlacedSign[], size: number): Glyph[] {
  const glyphs: Array<Glyph & { x: number; given: string }> = [];
  const marks: PlacedSign[] = [];
  let before: PlacedSign | undefined;
  for (const sign of signs) {
    const { text, index, left, right, x } = sign;
    const last = glyphs.at(-1);
    // PDFium returns a character that consists of a letter and a mark as two characters at the same position, the mark
    // first.
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
      // PDFium reverses the letters of a ligature, unless the font names the ligature by a single character.
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
    // A blank goes to the left of the letter at its place: some programs draw the invisible joiner as such a blank.
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
 * Returns the texts of the glyphs, with a blank for each drawn blank and for each wide gap. `blanks`: the indexes of
 * all blanks in PDFium's line.
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
 * How many ems wide the gap between two glyphs must be to be a blank. `one`: the left glyph. `left`: the text to the
 * left of `one`.
 */
function blankOf(one: Glyph, other: Glyph, left = " "): number {
  const endsLatin = DIGIT.test(left) || (LETTER.test(left) && !RTL.test(left));
  // Whether the mark `one` ends the right-to-left text at its right. If a digit or a Latin letter is at its left, it
  // may belong to this instead, unless an Arabic digit is at its right: then it is inside of a number.
  const endsOther = RTL.test(other.text) && (!endsLatin || DIGIT.test(other.text));
  if (ENDING.test(one.text) && endsOther) return ENDING_BLANK_EM;
  return BRACKET.test(one.text) || BRACKET.test(other.text) ? BRACKET_BLANK_EM : BLANK_EM;
}

/**
 * Whether two glyphs follow each other in PDFium's line, in either order, and have the same direction: then there is no
 * blank between them.
 */
function followed(one: Glyph, other: Glyph): boolean {
  const next = one.to + 1 === other.from || other.to + 1 === one.from;
  return next && RTL.test(one.text) === RTL.test(other.text);
}

/**
 * Whether PDFium has a blank between two letters of a left-to-right script. This blank counts even if the gap is
 * narrow, because Latin words may have a smaller font size than the rest of the line.
 */
function isBetweenLatin(one: Glyph, other: Glyph, blanks: ReadonlySet<number>): boolean {
  if (other.from !== one.to + 2 || !blanks.has(one.to + 1)) return false;
  return [one, other].every(({ text }) => LETTER.test(text) && !RTL.test(text));
}

/** R: right-to-left. L: left-to-right. N: part of a number. */
type Kind = "R" | "L" | "N";
type OpenKind = Kind | "blank" | "other";

/** Puts characters, given from left to right, into the reading order of a line that begins at the right. */
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

/** Puts characters, given from left to right, into the reading order of a line that begins at the left. */
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

/**
 * The direction of each character. A blank between Latin words, or between such a word and a number, is left-to-right.
 */
function kindsOf(visual: readonly string[]): Kind[] {
  const isArabic = visual.some((sign) => ARABIC.test(sign));
  const open = visual.map(openKind);
  const kinds: OpenKind[] = [...open];
  for (let at = 0; at < open.length; at++) {
    if (open[at] !== "other") continue;
    // In a line without Arabic letters, such as Hebrew, a percent or currency sign belongs to the number at its left.
    if (!isArabic && UNIT.test(visual[at] as string) && open[at - 1] === "N") {
      open[at] = kinds[at] = "N";
      continue;
    }
    let end = at + 1;
    while (open[end] === "other") end++;
    const signs = visual.slice(at, end).join("");
    // In a line with Arabic letters, a percent or currency sign without a Latin letter beside it is right-to-left.
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

/**
 * For each index: the direction (`Kind`) of the last character up to this index that is neither a part of a number nor
 * a blank.
 */
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

/** The direction of characters that have none of their own, from the directions of their two neighbours. */
function kindBetween(signs: string, left: OpenKind | undefined, right: OpenKind | undefined): Kind {
  if (left === "R" || right === "R") return "R";
  const beside = [left, right].filter((kind) => kind === "L" || kind === "N");
  if (beside.length === 2) return beside.includes("L") ? "L" : IN_NUMBER.test(signs) ? "N" : "R";
  if (beside[0] === "N") return UNIT.test(signs) ? "N" : "R";
  // Signs beside a Latin word are left-to-right, except punctuation at its left, which ends the sentence around it.
  return beside[0] === "L" && !(right === "L" && SENTENCE_END.test(signs)) ? "L" : "R";
}

/**
 * Some PDFs store brackets mirrored. If the brackets of one kind do not match, the first, third and so on become
 * opening brackets, the others closing brackets. An odd number of brackets is left as it is.
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
