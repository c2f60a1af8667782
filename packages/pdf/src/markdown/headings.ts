import type { Line } from "../text/layout.ts";
import { countLetters } from "./cells.ts";

/** The font size and style of a page's running text. */
export interface Body {
  readonly size: number;
  readonly isBold: boolean;
  readonly isMono: boolean;
}

/** The font size of a heading of level 1, 2 and 3 is at least this many times that of running text. */
const LARGER = [1.75, 1.35, 1.12] as const;
export const MIN_LARGER = LARGER[2];
const BOLD_LEVEL = 4;
const MAX_WORDS = 20;
/** If more than this part of a page is monospaced, the page is typewritten. On other pages monospaced text is code. */
const MOSTLY = 0.95;
const MAX_BOLD_WORDS = 12;

export function bodyOf(lines: readonly Line[]): Body {
  const letters = new Map<number, number>();
  let [all, bold, mono] = [0, 0, 0];
  for (const line of lines) {
    const count = countLetters(line);
    const size = Math.round(line.size * 2) / 2;
    letters.set(size, (letters.get(size) ?? 0) + count);
    all += count;
    if (line.bold) bold += count;
    if (line.mono) mono += count;
  }
  const [size = 0] = [...letters].toSorted((one, other) => other[1] - one[1])[0] ?? [];
  return { size, isBold: bold * 2 > all, isMono: mono > MOSTLY * all };
}

/** The level of a heading, 1 to 4, by its size and weight; 0 for other lines. */
export function headingLevel(line: Line, body: Body): number {
  const text = line.text.trim();
  const words = text.split(/\s+/).length;
  if (line.size === 0 || body.size === 0 || !/\p{L}/u.test(text) || words > MAX_WORDS) return 0;
  const level = LARGER.findIndex((ratio) => line.size >= ratio * body.size) + 1;
  if (level > 0) return level;
  const isStrong = line.bold === true && !body.isBold && line.size >= 0.95 * body.size;
  return isStrong && words <= MAX_BOLD_WORDS && !/[.,;:]$/.test(text) ? BOLD_LEVEL : 0;
}
