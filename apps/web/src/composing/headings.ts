const NUMBERED =
  /^(?:\d{1,2}(?:\.\d{1,2})?\.?|[IVX]{1,5}\.|[A-H]\.|(?:Chapter|Section|Kapitel|Chapitre|Cap[ií]tulo)\s+\d{1,2}[.:]?)\s+(\p{L}.{1,70})$/u;
/** Matches the end of a line in a table of contents: dots or a gap, then the page number. */
const LEADER = /(?:\s*\.{2,}|\s*…+|\s{2,})\s*\d{1,4}$/;
const PAGES_LOOKED_AT = 60;

/**
 * Returns the numbered headings of a document's text, such as "2. Results" or "Chapter 3: Methods". The headings come
 * in the document's order, without their number, each once. Only the first pages are searched.
 */
export function headingsOf(pages: readonly string[], most = 3): string[] {
  const found: string[] = [];
  for (const line of pages.slice(0, PAGES_LOOKED_AT).flatMap((page) => page.split("\n"))) {
    const heading = NUMBERED.exec(line.trim())?.[1]?.replace(LEADER, "").trim();
    if (heading === undefined || !isHeading(heading)) continue;
    if (!found.some((other) => other.toLowerCase() === heading.toLowerCase())) found.push(heading);
    if (found.length === most) break;
  }
  return found;
}

/**
 * Whether the text after a number is a heading, and not an item of a list. An item is a sentence, or continues on the
 * next line; a heading begins with a capital letter, in scripts that have capitals.
 */
function isHeading(text: string): boolean {
  const [first = ""] = text;
  const isSmall = first === first.toLowerCase() && first !== first.toUpperCase();
  return (
    !isSmall && !/[.,;:!?-]$/.test(text) && text.length >= 2 && (text.match(/\p{L}/gu)?.length ?? 0) >= text.length / 2
  );
}
