/*
 * Removes headers and footers that recur on other pages. A single page does not show which lines recur, so this runs
 * once all pages are known.
 */

/** A header may be among this many blocks at the top of a page, and a footer among as many blocks at the bottom. */
const EDGE_BLOCKS = 2;
const MAX_CHARS = 120;
/**
 * A line of a page recurs if two conditions hold. At least this many pages have the line, and one of the others is at
 * most `NEAR_PAGES` pages away. And either the part `MIN_SHARE` of all pages has it, or at least this many of the pages
 * at most twice `NEAR_PAGES` away have it, this page included.
 */
const MIN_PAGES = 3;
const MIN_SHARE = 0.3;
/**
 * How many pages away the nearest other page with the same line may be: 2, because left and right pages may have
 * different headers.
 */
const NEAR_PAGES = 2;
/** Parts of a header with fewer characters than this are not compared. */
const MIN_PART_CHARS = 8;

/**
 * Removes headers and footers: short blocks at the top or bottom of a page that are on other pages, too, at most with
 * other numbers.
 */
export function withoutRunningLines(pages: readonly string[]): string[] {
  const split = pages.map((page) => (page === "" ? [] : page.split("\n\n")));
  const filled = split.filter((blocks) => blocks.length > 0).length;
  const pagesOf = new Map<string, number[]>();
  split.forEach((blocks, page) => {
    const keys = edgesOf(blocks).flatMap((at) => keysOf(blocks, at));
    for (const key of new Set(keys)) pagesOf.set(key, [...(pagesOf.get(key) ?? []), page]);
  });
  const recurs = (key: string, page: number): boolean => {
    const on = pagesOf.get(key) ?? [];
    const near = on.filter((other) => Math.abs(other - page) <= 2 * NEAR_PAGES);
    if (on.length < MIN_PAGES || !near.some((other) => other !== page && Math.abs(other - page) <= NEAR_PAGES))
      return false;
    // A chapter's header is only on the pages of its chapter, so recurring on nearby pages is enough.
    return on.length >= MIN_SHARE * filled || near.length >= MIN_PAGES;
  };
  return split.map((blocks, page) => {
    const dropped = new Set(edgesOf(blocks).filter((at) => keysOf(blocks, at).some((key) => recurs(key, page))));
    return blocks.filter((_, at) => !dropped.has(at)).join("\n\n");
  });
}

function edgesOf(blocks: readonly string[]): number[] {
  const all = blocks.map((_, at) => at);
  return [...new Set([...all.slice(0, EDGE_BLOCKS), ...all.slice(-EDGE_BLOCKS)])];
}

/**
 * The keys by which a block is compared with others: two blocks share a key when they differ only in numbers, or when
 * one of the long parts between their tabs does. A block that is not a single line has no key.
 */
function keysOf(blocks: readonly string[], at: number): string[] {
  const block = blocks[at] ?? "";
  if (block.length > MAX_CHARS || block.includes("\n") || /^(?:```|\||\[\^|- )/.test(block)) return [];
  const edge = at < EDGE_BLOCKS ? "top" : "bottom";
  const line = block
    .replace(/^#+ /, "")
    .replaceAll(/\d+/g, "0")
    .replace(/^[ivxlc]+$/i, "0")
    .toLowerCase();
  const parts = line.split("\t").filter((part) => part.length >= MIN_PART_CHARS);
  return [line, ...(line.includes("\t") ? parts : [])].map((key) => `${edge} ${key}`);
}
