import { cleanText } from "../text/clean-text.ts";
import { EXACT, pageText, type Line, type Precision } from "../text/layout.ts";
import type { LineRole } from "../text/styled.ts";

/* The parts of a page that its tags state: headings, lists and footnotes. */

/** Four blanks are enough for an item within an item with a number, and too few for code. */
const INDENT = "    ";
/** Matches a label that only marks an item: a bullet, also the letter that word processors use for one. */
const BULLET = /^(?:[^\p{L}\p{N}]{1,2}|o)$/u;
/** Matches a bullet of a font with signs of its own, at the beginning of an item. */
const OWN_BULLET = /^\p{Co}\s+/u;
const ITEM = /^(?:- |\d+\. )/;
/** Matches a line that begins an item of its own, although the tags state one item for several. */
const INNER_ITEM = /^(?:[\u2022\u2023\u25aa\u25cf\u25cb\u25e6]|\p{Co})\s|^\[[ x]\]|^\d{1,3}\.[a-z]\.\s/u;
/** Matches the number of a heading below another one. */
const DEEP_NUMBER = /^\d{1,3}(?:\.\d{1,3})+\.?(?:\s|$)/;
/** Matches signs that may say whether something applies, so they are kept. */
const BOX = /[\u221a\u25a0-\u25a3\u2610-\u2612\u2713-\u2718]/u;
const NUMBER = /^\(?\d{1,3}[.)]?$/;
const ITEM_NUMBER = /^(\d{1,3})[.)]$/;

type RoledLine = Line & { readonly role: LineRole };

/** Makes headings of lines. The lines of one heading are joined. */
export function taggedHeadings(lines: readonly Line[], precision: Precision | undefined): string[] {
  return groupsOf(lines).map(({ role, lines: of }) => {
    const text = textOf(of, precision);
    return text === "" ? "" : `${"#".repeat(role.level)} ${text}`;
  });
}

/** Makes a list of lines. An item within an item is indented. `itemOf`: writes a text with its label as an item. */
export function taggedList(
  lines: readonly Line[],
  { precision, itemOf }: { readonly precision: Precision | undefined; itemOf(text: string): string | undefined },
): string {
  const groups = groupsOf(lines);
  const least = Math.min(...groups.map(({ role }) => role.level));
  const seen = new Set<number>();
  const items = groups.map(({ role, lines: of }) => {
    const text = textOf(of, precision);
    if (text === "") return "";
    // Text after an inner item still belongs to the outer one.
    const goesOn = seen.has(role.element) && !INNER_ITEM.test(text);
    seen.add(role.element);
    const indent = INDENT.repeat(role.level - least);
    return indent + (goesOn ? `${INDENT.slice(1)}${text}` : labelled(text, cleanText(role.label), itemOf));
  });
  return items.filter((item) => item !== "").join("\n");
}

/**
 * Whether the tags state that what looks like a table of so many rows is a list: most lines belong to items, and most
 * rows begin with the label of one, or few items have texts side by side. The items may be in columns.
 */
export function isTaggedList(lines: readonly Line[], rows: number): boolean {
  const listed = lines.filter(({ role }) => role?.kind === "item");
  if (listed.length * 2 <= lines.length) return false;
  if (listed.filter(({ role }) => role?.label !== "").length * 2 >= rows) return true;
  const items = [...Map.groupBy(listed, ({ role }) => role?.element).values()];
  return items.filter((of) => of.slice(1).some((line, at) => areInOneRow(of[at]!, line))).length * 2 < items.length;
}

const areInOneRow = (one: Line, other: Line): boolean => Math.abs(one.baseline - other.baseline) < 0.4 * one.size;

/**
 * Takes the role from items that look like headings as a whole, or are a single line that begins with a number such as
 * 4.2.1, unless they have bullets: numbered headings are often tagged as items of lists.
 */
export function withoutHeadingsAsItems(lines: readonly Line[], isLikeHeading: (line: Line) => boolean): Line[] {
  const items = Map.groupBy(
    lines.filter(({ role }) => role?.kind === "item"),
    ({ role }) => role?.element,
  );
  const isHeading = (of: readonly Line[]): boolean => {
    const [first] = of;
    if (first === undefined || BULLET.test(first.role?.label ?? "")) return false;
    const isOneLine = of.every((line) => areInOneRow(first, line));
    if (isOneLine && DEEP_NUMBER.test(first.text.trim())) return true;
    return of.every((line) => isLikeHeading(line) || NUMBER.test(line.text.trim()));
  };
  const headings = new Set([...items].flatMap(([element, of]) => (isHeading(of) ? [element] : [])));
  return lines.map((line) => (line.role && headings.has(line.role.element) ? { ...line, role: undefined } : line));
}

function labelled(text: string, label: string, itemOf: (text: string) => string | undefined): string {
  if (label === "" || !text.startsWith(label)) {
    const item = itemOf(text.replace(OWN_BULLET, ""));
    return item !== undefined && ITEM.test(item) ? item : `- ${text.replace(OWN_BULLET, "")}`;
  }
  const rest = text.slice(label.length).trim();
  const number = ITEM_NUMBER.exec(label)?.[1];
  if (number !== undefined) return `${number}. ${rest}`.trim();
  return BULLET.test(label) && !BOX.test(label) ? `- ${rest}`.trim() : `- ${text}`;
}

/** The consecutive lines of one element. */
function groupsOf(lines: readonly Line[]): Array<{ role: LineRole; lines: Line[] }> {
  const groups: Array<{ role: LineRole; lines: Line[] }> = [];
  for (const line of lines.filter((one): one is RoledLine => one.role !== undefined)) {
    const group = groups.at(-1);
    const isNext = line.role.kind === "item" && INNER_ITEM.test(line.text.trimStart());
    if (group?.role.element === line.role.element && !isNext) group.lines.push(line);
    else groups.push({ role: line.role, lines: [line] });
  }
  return groups;
}

function textOf(lines: readonly Line[], precision: Precision | undefined): string {
  return pageText(lines, { ...(precision ?? EXACT), isWhole: true })
    .replaceAll(/\s+/g, " ")
    .trim();
}
