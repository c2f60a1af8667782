import type { DrawnLetters } from "./letters.ts";
import { CELL_GAP_EM, isSpace } from "../text/space.ts";

/*
 * In a line whose letters are spaced out (s p a c e d), PDFium may take the gaps between letters for blanks. This file
 * decides which blanks of such a line are real.
 */

/**
 * Matches a character that stands alone between blanks, except digits and some that are words. A page whose letters are
 * spaced out has such characters, because PDFium makes blanks from the wider ones of the gaps.
 */
const ALONE = /(?<=^|[ \n])[^\s\daAI•·–—-](?= |\r|$)/gu;
/** How many of these characters are examined on a page, and how many characters before and after each of them. */
const [MAX_ALONE, AROUND] = [24, 16] as const;
const BLANK = 0x20;
/** In ems. In a line whose letters are spaced out, most of the gaps between letters have a width between these. */
const [MIN_SPACING_EM, MAX_SPACING_EM] = [0.05, 0.5] as const;
/**
 * In a line whose letters are spaced out, nearly all gaps between letters are wider than this part of most of them. Only
 * every TENTH gap may be narrower, because some letters are drawn closer together.
 */
const [LIKE_OTHERS, TENTH] = [0.25, 0.1] as const;
/**
 * In ems. In a line without wider gaps, gaps that are wider than this are blanks, because the letters may be signs in a
 * row; unless other lines of the page have the same spacing.
 */
const MAX_LONE_EM = 0.2;
/** In ems. Two lines have the same spacing if it differs by less than this. */
const LIKE_EM = 0.08;
const [LETTER, INK] = [/\p{L}/gu, /\S/gu] as const;
/** In ems. A gap between words is wider by at least this than the gaps between the letters of its line. */
const BLANK_EM = 0.13;
/** In ems. How much wider the narrowest blank is than the widest gap in a word at least, and how wide it is at least. */
const [MIN_JUMP_EM, MIN_BLANK_EM] = [0.15, 0.5] as const;
/** In ems. A gap that is at most this wide is none, but comes from rounding. */
const NO_GAP_EM = 0.01;
/** A gap is about as wide as another one if it is at most this many times as wide. */
const LIKE_WIDEST = 1.5;
/** A line with fewer gaps between letters than this is too short to show that its letters are spaced out. */
const MIN_GAPS = 5;

export interface SpacedLine {
  readonly text: string;
  /** The index of the line's first character in the text of the page. */
  readonly start: number;
  readonly size: number;
}

/** How wide the gaps between letters are in the first line of a page whose letters are spaced out, in ems; 0 if none is. */
export function letterSpacing(letters: DrawnLetters, raw: string): number {
  let [looks, seen] = [0, 0];
  for (const { index } of raw.matchAll(ALONE)) {
    if (index < seen) continue;
    if (looks++ === MAX_ALONE) return 0;
    if (![index - 1, index + 1].some((at) => raw.charCodeAt(at) === BLANK && letters.isGenerated(at))) continue;
    const from = Math.max(raw.lastIndexOf("\n", index) + 1, index - AROUND);
    const [text = ""] = raw.slice(from, index + AROUND + 1).split("\r", 1);
    seen = from + text.length;
    const size = letters.of(index)?.size ?? 0;
    const line = { text, start: from, size };
    if (withoutSpacing(letters, line, 0) !== undefined) return (spacingOf(letters, line)?.spacing ?? 0) / size;
  }
  return 0;
}

/**
 * Returns the text of a line whose letters are spaced out: without the blanks that PDFium has made between letters of a
 * word, and with tabs between cells. Returns undefined if the letters are not spaced out, or all blanks are real.
 * `usual`: the spacing of other lines on the page, in ems.
 */
export function withoutSpacing(letters: DrawnLetters, line: SpacedLine, usual: number): string | undefined {
  const { text, size } = line;
  const found = isMostlyLetters(text) ? spacingOf(letters, line) : undefined;
  if (found === undefined) return undefined;
  const { made, spacing, blank } = found;
  let [read, done] = ["", 0];
  for (const { at, gap } of made) {
    read += text.slice(done, at) + (gap < blank ? "" : gap > spacing + CELL_GAP_EM * size ? "\t" : " ");
    done = at + 1;
  }
  read += text.slice(done);
  if (/\s/.test(read.trim()) || Math.abs(spacing - usual * size) < LIKE_EM * size) return read;
  return spacing > MAX_LONE_EM * size ? undefined : read;
}

/** The gaps in a line whose letters are spaced out; undefined if they are not. `blank`: how wide a blank is at least. */
function spacingOf(
  letters: DrawnLetters,
  { text, start, size }: SpacedLine,
): (Gaps & { readonly spacing: number; readonly blank: number }) | undefined {
  const { gaps, made, widest } = gapsIn(letters, text, start);
  if (made.length === 0 || gaps.length < MIN_GAPS) return undefined;
  const ordered = gaps.toSorted((one, other) => one - other);
  const spacing = ordered[gaps.length >> 1] as number;
  const middle = betweenJump(ordered, size);
  // PDFium has made a blank from one gap and none from another that is about as wide: not all of its blanks are real. If
  // most letters of the line have no gap between them, the line has words, and the other gap is in a formula.
  const isArbitrary =
    spacing > NO_GAP_EM * size &&
    widest > MIN_SPACING_EM * size &&
    made.some(({ gap }) => gap < middle && gap <= LIKE_WIDEST * widest);
  if (isArbitrary) return { gaps, made, widest, spacing, blank: middle };
  if (spacing < MIN_SPACING_EM * size || spacing > MAX_SPACING_EM * size) return undefined;
  if ((ordered[Math.floor(TENTH * gaps.length)] as number) < LIKE_OTHERS * spacing) return undefined;
  const blank = spacing + BLANK_EM * size;
  return made.some(({ gap }) => gap < blank) ? { gaps, made, widest, spacing, blank } : undefined;
}

/**
 * Where the widths of gaps have their widest jump, if the wider ones are as wide as blanks; 0 if there is no such jump.
 * LaTeX's listings spread each word over as many columns as it has letters, so words of narrow letters, such as `file`,
 * have wider gaps than others.
 */
function betweenJump(ordered: readonly number[], size: number): number {
  let [widest, middle] = [MIN_JUMP_EM * size, 0];
  ordered.forEach((gap, index) => {
    const next = ordered[index + 1] ?? gap;
    if (gap > MAX_SPACING_EM * size || next < MIN_BLANK_EM * size || next - gap < widest) return;
    [widest, middle] = [next - gap, (gap + next) / 2];
  });
  return middle;
}

/** Whether a text consists of letters rather than of digits and signs, whose blanks may all be equally wide. */
function isMostlyLetters(text: string): boolean {
  return 2 * (text.match(LETTER)?.length ?? 0) > (text.match(INK)?.length ?? 0);
}

interface Gaps {
  /** The widths of all gaps between two letters between which no blank is drawn, in points. */
  readonly gaps: number[];
  /** Those of these gaps from which PDFium has made a blank. `at`: the index of the blank in the text. */
  readonly made: Array<{ readonly at: number; readonly gap: number }>;
  /** The width of the widest of the other gaps. */
  readonly widest: number;
}

function gapsIn(letters: DrawnLetters, text: string, start: number): Gaps {
  const [gaps, made]: [Gaps["gaps"], Gaps["made"]] = [[], []];
  let [before, widest] = [-1, -Infinity];
  for (let at = 0; at < text.length; at++) {
    if (isSpace(text.charCodeAt(at))) continue;
    const between = at - before - 1;
    const isMade = between === 1 && text.charCodeAt(at - 1) === BLANK && letters.isGenerated(start + at - 1);
    if (before >= 0 && (between === 0 || isMade)) {
      const gap = letters.advanceGap(start + before, start + at);
      gaps.push(gap);
      if (isMade) made.push({ at: at - 1, gap });
      else widest = Math.max(widest, gap);
    }
    before = at;
  }
  return { gaps, made, widest };
}
