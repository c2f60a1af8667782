/**
 * Matches a line of markers that may begin a list, heading, rule, table, fence or quote. Such a line is not shown
 * yet.
 */
const MARKERS = /^[\s>]*(?:[-=*_+#`~|:>\s]+|\d{1,9}[.)]?)\s*$/;
const FENCE = /^[\s>]*(?:[-*+]\s+|\d{1,9}[.)]\s+)?(?:`{3}|~{3})/;
const ROW = /^[\s>]*\|/;

/**
 * Returns how many characters at the end of an unfinished text are not shown yet, because the next characters decide
 * their meaning. For example, a table's head is a paragraph until the line below it is complete, and the `-` of a list
 * makes the line above it a heading until the next character comes.
 */
export function heldBack(text: string): number {
  const last = text.slice(text.lastIndexOf("\n") + 1);
  const before = text
    .slice(0, text.length - last.length)
    .split("\n")
    .slice(-3, -1);
  const [above, head] = [before[1] ?? before[0] ?? "", before.length > 1 ? (before[0] ?? "") : ""];
  if (ROW.test(above) && !ROW.test(head) && /^[\s>|:-]*$/.test(last)) return above.length + 1 + last.length;
  if (ROW.test(last) && !ROW.test(above)) return last.length;
  return last !== "" && (MARKERS.test(last) || FENCE.test(last)) ? last.length : 0;
}
