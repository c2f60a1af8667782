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
/** A block may be a part of a table's column if its lines have at most this many words, on average. */
const CELL_WORDS = 3;
/**
 * Two columns belong to one table only if at least this part of their lines has a line beside it in the other column.
 */
const PAIRED = 0.75;
/** Two blocks are parts of one column only if the gap between them is at most this many times the font size. */
const MAX_GAP = 3;

interface Block {
  readonly lines: Word[][];
  readonly size: number;
}

/**
 * The lines of a page with their positions, in reading order. A row of a table is one line, with tabs between its
 * cells.
 */
export function wordLines(words: readonly Word[]): Line[] {
  return groupsOf(columnsOf(blocksOf(words))).flatMap((columns) => {
    const blocks = columns.flat();
    if (columns.length === 1) return blocks.flatMap(({ lines, size }) => lines.map((line) => lineOf(line, size)));
    const size = Math.max(...blocks.map((block) => block.size));
    return rowsOf(blocks.flatMap(({ lines }) => lines)).map((row) => lineOf(row, size));
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

/** Blocks that are below one another, and may be the parts of one column of a table. */
type Column = readonly Block[];

/** Joins blocks to columns: the recogniser may divide a column of a table, where a gap is a little wider. */
function columnsOf(blocks: readonly Block[]): Column[] {
  const columns: Block[][] = [];
  for (const block of blocks) {
    const column = columns.at(-1);
    const last = column?.at(-1);
    const isPart = last && goesOnBelow(last, block) && haveColumnBeside(last, block, blocks);
    if (column && isPart) column.push(block);
    else columns.push([block]);
  }
  return columns;
}

/**
 * Whether two blocks, one below the other, have another column of their table beside them. A title is above a table, but
 * it has no column beside it.
 */
function haveColumnBeside(one: Block, other: Block, blocks: readonly Block[]): boolean {
  const besideOne = blocks.filter((block) => isBeside(block, one));
  const besideOther = blocks.filter((block) => isBeside(block, other));
  return besideOne.some((first) => besideOther.some((second) => overlapAcross(first, second)));
}

function isBeside(block: Block, other: Block): boolean {
  const [a, b] = [block.lines.flat(), other.lines.flat()];
  return !overlapAcross(block, other) && topOf(a) < bottomOf(b) && topOf(b) < bottomOf(a);
}

/** Whether one block is at least partly above the other, so that they may be in one column. */
function overlapAcross(one: Block, other: Block): boolean {
  const [a, b] = [one.lines.flat(), other.lines.flat()];
  return leftOf(a) < rightOf(b) && leftOf(b) < rightOf(a);
}

/** Whether a block may continue the column of the block before it: it is just below, and both have only few words in a line. */
function goesOnBelow(last: Block, block: Block): boolean {
  const [a, b] = [last.lines.flat(), block.lines.flat()];
  const gap = topOf(b) - bottomOf(a);
  return (
    overlapAcross(last, block) &&
    gap > 0 &&
    gap < MAX_GAP * Math.max(last.size, block.size) &&
    hasFewWords(last) &&
    hasFewWords(block)
  );
}

/** Groups the columns of a page: those of one table form a group, any other column is alone. */
function groupsOf(columns: readonly Column[]): Column[][] {
  const groups: Column[][] = [];
  for (const column of columns) {
    const group = groups.at(-1);
    if (group?.every((other) => areBeside(other, column))) group.push(column);
    else groups.push([column]);
  }
  return groups;
}

/**
 * Whether two columns may belong to one table: they are side by side, most of their lines are in pairs at the same
 * height, and at least one of them has only few words in a line.
 */
function areBeside(one: Column, other: Column): boolean {
  const [these, those] = [one.flatMap(({ lines }) => lines), other.flatMap(({ lines }) => lines)];
  const [a, b] = [these.flat(), those.flat()];
  if (rightOf(a) > leftOf(b) && rightOf(b) > leftOf(a)) return false;
  if (!one.every(hasFewWords) && !other.every(hasFewWords)) return false;
  const middles = these.map((line) => (topOf(line) + bottomOf(line)) / 2);
  const paired = those.filter((line) => middles.some((y) => y > topOf(line) && y < bottomOf(line)));
  return paired.length >= PAIRED * Math.max(these.length, those.length);
}

function hasFewWords({ lines }: Block): boolean {
  return lines.flat().length <= CELL_WORDS * lines.length;
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
