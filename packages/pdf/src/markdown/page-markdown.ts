import { cleanText } from "../text/clean-text.ts";
import { pageText, type Line, type Precision } from "../text/layout.ts";
import { withRoles } from "../tags/line-roles.ts";
import { taggedNotes } from "../tags/tagged-notes.ts";
import { taggedTables } from "../tags/tagged-tables.ts";
import type { Tags } from "../tags/tags.ts";
import { wordTagger } from "../tags/word-tags.ts";
import { NO_RULES, type Rules } from "../text/styled.ts";
import { cellsOf, isOneRow, wordsOf } from "./cells.ts";
import { drawnGrids } from "./drawn-grid.ts";
import { isTaggedList, taggedHeadings, taggedList, withoutHeadingsAsItems } from "../tags/tagged-blocks.ts";
import { withTablesTogether } from "./drawn-tables.ts";
import { withSortedRules } from "./drawn-between.ts";
import { codeBlock } from "./code.ts";
import { findTables, withHolesFilled, type Table } from "./find-tables.ts";
import { mirroredRules, withLtrAsDrawn, withRtlMirrored } from "./mirror.ts";
import { footnotesFrom, readFootnotes, withFootnotes, type Footnote } from "./footnotes.ts";
import { bodyOf, headingLevel, type Body } from "./headings.ts";

const BULLET = /^[•‣▪●○◦·–—»→\u00b7]\s+/u;
const NUMBERED = /^\(?(\d{1,3}|[A-Za-z])[.)]\s+/;

/** A page with more words than this is no page of a real document. It becomes plain paragraphs. */
const MAX_WORDS = 100_000;

/**
 * Writes a page as Markdown: headings (by size and weight), tables, lists, code, and each footnote after its paragraph.
 * Every word of `lines` is in the result. `lines` are in reading order; tables come out best if each cell is a line of
 * its own. An empty line separates blocks.
 */
export function pageMarkdown(
  lines: readonly Line[],
  how: { precision?: Precision | undefined; rules?: Rules | undefined; tags?: Tags | undefined } = {},
): string {
  const { precision, tags } = how;
  if (countWords(lines) > MAX_WORDS) return paragraphs(pageText(lines, precision)).join("\n\n");
  const rules = withSortedRules(how.rules ?? NO_RULES);
  const grids = drawnGrids(rules);
  const read = cellsOf(withRtlMirrored(withTablesTogether(withHolesFilled(lines, rules), grids), grids));
  const body = bodyOf(read);
  const { cells, tables: tagged, notes } = tags ? statedBy(tags, read, body) : { cells: read, tables: [], notes: [] };
  const find = (end: number): Table[] =>
    withOthers(tagged, end, (from, to) => tablesOf(cells.slice(from, to), rules, body));
  const { tables, end } = withNotes(cells, body, { find, least: tagged.at(-1)?.to ?? 0 });
  const blocks: string[] = [];
  let at = 0;
  for (const table of tables) {
    blocks.push(...textBlocks(withLtrAsDrawn(cells.slice(at, table.from)), body, precision), tableBlock(table));
    at = table.to;
  }
  blocks.push(...textBlocks(withLtrAsDrawn(cells.slice(at, end)), body, precision));
  return withFootnotes(blocks, [...readFootnotes(cells.slice(end)), ...notes]).join("\n\n");
}

/** What the tags of a page state: its tables and footnotes. `cells`: all other lines and those of tables, with roles. */
function statedBy(
  tags: Tags,
  read: readonly Line[],
  body: Body,
): { cells: readonly Line[]; tables: readonly Table[]; notes: readonly Footnote[] } {
  const words = read.map(wordTagger(tags, wordsOf));
  const all = withoutHeadingsAsItems(withRoles(read, words, tags), (line) => headingLevel(line, body) > 0);
  const { groups, isOther } = taggedNotes(all, joinRows);
  const cells = all.filter((_, at) => isOther[at]);
  const tables = taggedTables(
    cells,
    words.filter((_, at) => isOther[at]),
    tags,
  );
  return { cells, tables, notes: groups.flatMap((group) => readFootnotes(group)) };
}

const countWords = (lines: readonly Line[]): number => lines.reduce((sum, { words }) => sum + (words?.length ?? 1), 0);

/**
 * A table consists of no footnotes, with their marks in a column, if it has at least this many columns, and at least
 * this part of the cells behind the first column are numbers.
 */
const MIN_COLUMNS = 3;
const MIN_NUMBERS = 1 / 3;

function hasNoNotes({ rows }: Table): boolean {
  const cells = rows.flatMap((row) => row.slice(1)).filter(Boolean);
  const numbers = cells.filter((cell) => /^[^\p{L}]*\d[^\p{L}]*$/u.test(cell));
  return (rows[0]?.length ?? 0) >= MIN_COLUMNS && numbers.length >= MIN_NUMBERS * cells.length;
}

/**
 * Finds the tables of a page, and where its footnotes begin. Tables may be in a smaller type at the end of the page, too,
 * and have rows that begin with a number.
 */
function withNotes(
  cells: readonly Line[],
  body: Body,
  { find, least }: { find(end: number): Table[]; least: number },
): { tables: Table[]; end: number } {
  const end = Math.max(footnotesFrom(cells, body), least);
  if (end < cells.length) {
    const tables = find(cells.length);
    const last = tables.findLast((table) => table.to > end && hasNoNotes(table))?.to;
    if (last !== undefined) {
      const next = Math.max(last, footnotesFrom(cells, body, last));
      return { tables: tables.filter(({ to }) => to <= next), end: next };
    }
  }
  return { tables: find(end), end };
}

/** Adds the tables that `find` finds between the given ones, and after them up to `end`. */
function withOthers(given: readonly Table[], end: number, find: (from: number, to: number) => Table[]): Table[] {
  const ends = [0, ...given.map(({ to }) => to)];
  return ends.flatMap((from, index) => {
    const next = given[index];
    const found = find(from, next?.from ?? end);
    return [
      ...found.map((table) => ({ ...table, from: from + table.from, to: from + table.to })),
      ...(next ? [next] : []),
    ];
  });
}

/**
 * Finds the tables of a page. Mirrored and other lines are searched separately, because their positions cannot be
 * compared.
 */
function tablesOf(cells: readonly Line[], rules: Rules, body: Body): Table[] {
  const tables: Table[] = [];
  const asDrawn = { rules, grids: drawnGrids(rules) };
  const isAnyMirrored = cells.some(({ mirrored }) => mirrored === true);
  const inMirror = isAnyMirrored ? { rules: mirroredRules(rules), grids: drawnGrids(mirroredRules(rules)) } : asDrawn;
  let from = 0;
  while (from < cells.length) {
    const isMirrored = cells[from]?.mirrored === true;
    let to = from + 1;
    while (to < cells.length && (cells[to]?.mirrored === true) === isMirrored) to++;
    const found = findTables(cells.slice(from, to), {
      ...(isMirrored ? inMirror : asDrawn),
      isCode: (line) => isCode(line, body),
    });
    for (const table of found) {
      const place = { from: from + table.from, to: from + table.to };
      if (!isTaggedList(cells.slice(place.from, place.to), table.rows.length)) tables.push({ ...table, ...place });
    }
    from = to;
  }
  return tables;
}

function tableBlock({ rows }: Table): string {
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const [head = [], ...more] = rows;
  return [row(head), row(head.map(() => "---")), ...more.map(row)].join("\n");
}

type Kind = "code" | "heading" | "tagged-heading" | "tagged-list" | "text";

function textBlocks(cells: readonly Line[], body: Body, precision: Precision | undefined): string[] {
  const blocks: string[] = [];
  for (const { kind, lines } of runsOf(cells, body)) {
    if (kind === "code") blocks.push(codeBlock(lines));
    else if (kind === "tagged-heading") blocks.push(...taggedHeadings(lines, precision));
    else if (kind === "tagged-list") blocks.push(taggedList(joinRows(lines), { precision, itemOf }));
    else if (kind === "heading") blocks.push(...headings(lines, body));
    else blocks.push(...paragraphs(pageText(joinRows(lines), precision)));
  }
  return blocks.filter((block) => block !== "");
}

function runsOf(cells: readonly Line[], body: Body): Array<{ kind: Kind; lines: Line[] }> {
  const runs: Array<{ kind: Kind; lines: Line[] }> = [];
  cells.forEach((cell, index) => {
    const beside = [cells[index - 1], cells[index + 1]].some((other) => other && isOneRow(cell, other));
    const kind = kindOf(cell, body, beside);
    const run = runs.at(-1);
    if (run?.kind === kind) run.lines.push(cell);
    else runs.push({ kind, lines: [cell] });
  });
  return runs;
}

function kindOf(cell: Line, body: Body, hasNeighbour: boolean): Kind {
  if (cell.role?.kind === "heading") return "tagged-heading";
  if (isCode(cell, body)) return "code";
  if (cell.role?.kind === "item") return "tagged-list";
  return !hasNeighbour && headingLevel(cell, body) > 0 ? "heading" : "text";
}

function isCode({ mono, size }: Line, body: Body): boolean {
  return mono === true && !body.isMono && size > 0;
}

/** Makes headings of lines: consecutive lines of one level that are close together are one heading. */
function headings(lines: readonly Line[], body: Body): string[] {
  const found: Array<{ level: number; text: string; last: Line }> = [];
  for (const line of lines) {
    const level = headingLevel(line, body);
    const before = found.at(-1);
    const gap = (before?.last.baseline ?? Infinity) - line.baseline;
    const goesOn =
      before?.level === level && gap > 0.5 * line.size && gap < 1.6 * line.size && isAligned(before.last, line);
    if (before && goesOn) Object.assign(before, { text: `${before.text} ${cleanText(line.text)}`, last: line });
    else found.push({ level, text: cleanText(line.text), last: line });
  }
  return found.map(({ level, text }) => (text === "" ? "" : `${"#".repeat(level)} ${text}`));
}

/**
 * Whether a line may continue a heading: it has the same size, and begins at the same place or is centred in the same
 * way.
 */
function isAligned(one: Line, other: Line): boolean {
  const off = Math.min(Math.abs(one.left - other.left), Math.abs(one.left + one.right - other.left - other.right) / 2);
  return one.size === other.size && off < other.size;
}

/** Joins the cells of a row that is in no table into one line, with tabs between them. */
function joinRows(cells: readonly Line[]): Line[] {
  const rows: Line[][] = [];
  for (const cell of cells) {
    const row = rows.at(-1);
    const [first, last] = [row?.[0], row?.at(-1)];
    const isNext = first && last && last.right <= cell.left && isOneRow({ ...first, right: last.right }, cell);
    if (row && isNext && first.role?.element === cell.role?.element) row.push(cell);
    else rows.push([cell]);
  }
  return rows.map((row) => {
    const [first, last] = [row[0]!, row.at(-1)!];
    const text = row.map((cell, at) => (at === 0 ? cell.text.trimEnd() : cell.text.trim())).join("\t");
    return row.length === 1 ? first : { ...first, text, right: last.right };
  });
}

/** Splits text into paragraphs. The items of a list stay together in one block. */
function paragraphs(text: string): string[] {
  const blocks: string[] = [];
  let inList = false;
  for (const line of text.split("\n").filter(Boolean)) {
    const item = itemOf(line);
    if (item !== undefined && inList) blocks[blocks.length - 1] += `\n${item}`;
    else blocks.push(item ?? line.replace(/^(?=#|```|>)/, "\\"));
    inList = item !== undefined;
  }
  return blocks;
}

function itemOf(line: string): string | undefined {
  if (BULLET.test(line)) return line.replace(BULLET, "- ");
  const numbered = NUMBERED.exec(line);
  if (!numbered) return line.startsWith("- ") ? line : undefined;
  const [whole, number = ""] = numbered;
  return /^\d/.test(number) && !whole.startsWith("(") ? `${number}. ${line.slice(whole.length)}` : line;
}
