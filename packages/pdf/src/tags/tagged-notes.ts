import type { Line } from "../text/layout.ts";

/** Matches the beginning of a footnote: its mark. */
const MARK = /^\s*(?:\[?\d{1,3}[\].)]?|[*†‡§])\s*(?=\S)/u;
/** At most so many other lines are after a footnote on its page, such as those of a running footer. */
const MAX_LINES_AFTER = 3;

/**
 * Finds the footnotes that the tags of a page state. They have a mark, and are at the end of the page. An element may
 * have several footnotes: `groups` has the lines of each element. `isOther`: for each line, whether it is in none.
 * `joinRows`: joins the pieces of text of each row.
 */
export function taggedNotes(
  lines: readonly Line[],
  joinRows: (lines: readonly Line[]) => Line[],
): { groups: Line[][]; isOther: boolean[] } {
  const isOther = lines.map(() => true);
  const found = new Map<number, number[]>();
  let after = 0;
  for (let at = lines.length - 1; at >= 0 && after <= MAX_LINES_AFTER; at--) {
    const { role } = lines[at] as Line;
    if (role?.kind === "note") found.set(role.element, [...(found.get(role.element) ?? []), at]);
    else after++;
  }
  const groups: Line[][] = [];
  for (const places of [...found.values()].toReversed()) {
    const group = joinRows(places.toReversed().map((at) => lines[at] as Line));
    if (!MARK.test(group[0]?.text ?? "") || !group.some(({ text }) => /\p{L}/u.test(text))) continue;
    groups.push(group);
    for (const at of places) isOther[at] = false;
  }
  return { groups, isOther };
}
