/** Only signs of which a list, a heading, a rule, a table, a fence or a quote may come: nothing to be shown yet. */
const MARKERS = /^[\s>]*(?:[-=*_+#`~|:>\s]+|\d{1,9}[.)]?)\s*$/;
const FENCE = /^[\s>]*(?:[-*+]\s+|\d{1,9}[.)]\s+)?(?:`{3}|~{3})/;
const ROW = /^[\s>]*\|/;

/**
 * How many characters at the end of a text that is still being written are not shown yet, since the next ones decide what
 * they are: a table's head is a paragraph until the line below it is whole, and the `-` of a list makes a heading of the line above.
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
