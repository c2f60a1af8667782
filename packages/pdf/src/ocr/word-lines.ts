import type { Line, Precision } from "../text/layout.ts";
import type { Word } from "./words.ts";

/** In a scan, a full line may end before its column's end by this part of the column's width. */
export const SCANNED: Precision = { slack: 0.03 };

/** Matches letters that reach below the baseline, so that the box of their line does, too. */
const BELOW = /[gjpqy,;()[\]{}Q\u0440\u0443\u0444\u0446\u0449]/;
/** How far the letters of {@link BELOW} reach below the baseline, as a part of the font size. */
const DESCENT = 0.21;
/**
 * Between cells there is a gap of at least this many times the font size. The gap between words is a third of the font
 * size, and in justified lines up to the whole font size.
 */
const CELL_GAP = 1.6;
/** A block may be a column of a table if its lines have at most this many words, on average. */
const CELL_WORDS = 3;
/**
 * Two blocks are columns of one table only if at least this part of their lines has a line beside it in the other
 * block.
 */
const PAIRED = 0.75;

interface Block {
  readonly lines: Word[][];
  readonly size: number;
}

/**
 * The lines of a page with their positions, in reading order. A row of a table is one line, with tabs between its
 * cells.
 */
export function wordLines(words: readonly Word[]): Line[] {
  return groupsOf(blocksOf(words)).flatMap((group) => {
    if (group.length === 1) return (group[0] as Block).lines.map((line) => lineOf(line, (group[0] as Block).size));
    const size = Math.max(...group.map((block) => block.size));
    return rowsOf(group.flatMap(({ lines }) => lines)).map((row) => lineOf(row, size));
  });
}

function blocksOf(words: readonly Word[]): Block[] {
  const blocks = [...Map.groupBy(words, ({ block }) => block).values()];
  return blocks.map((block) => {
    const lines = [...Map.groupBy(block, ({ line }) => line).values()];
    const heights = lines.map(heightOf).toSorted((a, b) => a - b);
    return { lines, size: heights[Math.floor(0.75 * heights.length)] ?? 0 };
  });
}

const topOf = (line: readonly Word[]): number => Math.min(...line.map(({ top }) => top));
const bottomOf = (line: readonly Word[]): number => Math.max(...line.map(({ bottom }) => bottom));
export const heightOf = (line: readonly Word[]): number => bottomOf(line) - topOf(line);
const leftOf = (line: readonly Word[]): number => Math.min(...line.map(({ left }) => left));
const rightOf = (line: readonly Word[]): number => Math.max(...line.map(({ right }) => right));

/** Groups the blocks of a page: the columns of one table form a group, any other block is alone. */
function groupsOf(blocks: readonly Block[]): Block[][] {
  const groups: Block[][] = [];
  for (const block of blocks) {
    const group = groups.at(-1);
    if (group?.every((other) => areColumns(other, block))) group.push(block);
    else groups.push([block]);
  }
  return groups;
}

/**
 * Whether two blocks may be columns of one table: they are side by side, most of their lines are in pairs at the same
 * height, and at least one of them has only few words in a line.
 */
function areColumns(one: Block, other: Block): boolean {
  const [a, b] = [one.lines.flat(), other.lines.flat()];
  if (rightOf(a) > leftOf(b) && rightOf(b) > leftOf(a)) return false;
  const few = (block: Block): boolean => block.lines.flat().length <= CELL_WORDS * block.lines.length;
  if (!few(one) && !few(other)) return false;
  const middles = one.lines.map((line) => (topOf(line) + bottomOf(line)) / 2);
  const paired = other.lines.filter((line) => middles.some((y) => y > topOf(line) && y < bottomOf(line)));
  return paired.length >= PAIRED * Math.max(one.lines.length, other.lines.length);
}

/** Joins the lines that are beside each other into rows. Returns the rows from top to bottom. */
export function rowsOf(lines: readonly Word[][]): Word[][] {
  const rows: Word[][] = [];
  for (const line of lines.toSorted((a, b) => topOf(a) - topOf(b))) {
    const middle = (topOf(line) + bottomOf(line)) / 2;
    const row = rows.findLast((other) => middle > topOf(other) && middle < bottomOf(other));
    if (row) row.push(...line);
    else rows.push([...line]);
  }
  return rows.map((row) => row.toSorted((a, b) => a.left - b.left));
}

/** Makes a line of words, with tabs at wide gaps. `size`: the font size of the words. */
export function lineOf(words: readonly Word[], size: number): Line {
  let text = "";
  words.forEach((word, index) => {
    const before = words[index - 1];
    if (before) {
      const gap = Math.max(word.left - before.right, before.left - word.right);
      text += gap > CELL_GAP * size ? "\t" : " ";
    }
    text += word.text;
  });
  const baseline = -(bottomOf(words) - (BELOW.test(text) ? DESCENT * size : 0));
  return { text, left: leftOf(words), right: rightOf(words), baseline, size };
}
