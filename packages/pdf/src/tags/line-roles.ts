import type { Line } from "../text/layout.ts";
import type { LineRole } from "../text/styled.ts";
import type { Tag, Tags } from "./tags.ts";
import type { TaggedWord } from "./word-tags.ts";

/** If more than this part of a page's letters is tagged as headings, and more letters than MANY, the tags are wrong. */
const MAX_HEADING_SHARE = 1 / 3;
const MANY_LETTERS = 400;
/** A heading, an item of a list or a footnote with more words is tagged wrongly. */
const MAX_WORDS = { heading: 30, item: 250, note: 400 } as const;
/** A heading that ends with a full stop has at most this many words. */
const MAX_STOPPED_WORDS = 15;
/** At least this part of a line's words must be tagged. */
const MIN_TAGGED = 0.5;

const HEADING = /^H([1-6])?$/;
const NOTE = /^(?:Note|FENote|Footnote)$/;
/** The level of a heading whose tag states none. */
const UNSTATED_LEVEL = 2;

/** Returns the lines with their roles, as far as the tags state one and are plausible. `words`: those of each line. */
export function withRoles(
  lines: readonly Line[],
  words: ReadonlyArray<readonly TaggedWord[]>,
  { elements }: Tags,
): Line[] {
  const roleOf = roleFinder(elements);
  const roles = lines.map((_, at) => commonRole(words[at] ?? [], roleOf));
  const counts = new Map<number, number>();
  const ends = new Map<number, string>();
  roles.forEach((role, at) => {
    if (!role) return;
    counts.set(role.element, (counts.get(role.element) ?? 0) + (words[at] ?? []).length);
    ends.set(role.element, lines[at]?.text.trimEnd() ?? "");
  });
  const lettersOf = (of: readonly Line[]): number =>
    of.reduce((sum, { text }) => sum + text.replaceAll(/\s/g, "").length, 0);
  const headed = lettersOf(lines.filter((_, at) => roles[at]?.kind === "heading"));
  const areHeadings = headed <= MANY_LETTERS || headed <= MAX_HEADING_SHARE * lettersOf(lines);
  return lines.map((line, at) => {
    const role = roles[at];
    if (role === undefined || (role.kind === "heading" && !areHeadings)) return line;
    return (counts.get(role.element) ?? 0) > mostWords(role, ends.get(role.element)) ? line : { ...line, role };
  });
}

function mostWords({ kind }: LineRole, end = ""): number {
  return kind === "heading" && /[.\u3002]$/.test(end) ? MAX_STOPPED_WORDS : MAX_WORDS[kind];
}

interface ElementRole extends Omit<LineRole, "label"> {
  readonly isLabel: boolean;
}

/** Returns a function that finds the role of an element, by the innermost heading, item or footnote that has it. */
function roleFinder(elements: readonly Tag[]): (tag: number) => ElementRole | undefined {
  const found: Array<ElementRole | undefined> = [];
  elements.forEach(({ role, parent }, element) => {
    const outer = parent === undefined ? undefined : found[parent];
    found.push(roleWithin(role, outer, element));
  });
  return (tag) => found[tag];
}

function roleWithin(role: string, outer: ElementRole | undefined, element: number): ElementRole | undefined {
  const heading = HEADING.exec(role);
  if (heading) return { kind: "heading", element, level: Number(heading[1] ?? UNSTATED_LEVEL), isLabel: false };
  if (role === "Title") return { kind: "heading", element, level: 1, isLabel: false };
  if (role === "LI")
    return { kind: "item", element, level: outer?.kind === "item" ? outer.level + 1 : 0, isLabel: false };
  if (NOTE.test(role)) return { kind: "note", element, level: 0, isLabel: false };
  // The text of a table, a caption and so on is none of the item that contains it.
  if (/^(?:Table|Caption|TOC|Figure)$/.test(role)) return undefined;
  return outer && role === "Lbl" ? { ...outer, isLabel: true } : outer;
}

/** The role of a line, if all its tagged words have the same one. */
function commonRole(
  words: readonly TaggedWord[],
  roleOf: (tag: number) => ElementRole | undefined,
): LineRole | undefined {
  const tagged = words.filter(({ tag }) => tag !== undefined);
  if (tagged.length === 0 || tagged.length < MIN_TAGGED * words.length) return undefined;
  const roles = tagged.map(({ tag }) => roleOf(tag as number));
  const [first] = roles;
  if (first === undefined || roles.some((role) => role?.element !== first.element)) return undefined;
  const { isLabel: _, ...role } = first;
  const end = words.findIndex(({ tag }) => tag === undefined || roleOf(tag)?.isLabel !== true);
  const label = words.slice(0, end < 0 ? words.length : end).map(({ text }) => text);
  return { ...role, label: label.join(" ") };
}
