/* Removes headers and footers, which recur on other pages. This needs the text of all pages. */

/** The first EDGE_BLOCKS blocks of a page, and the last EDGE_BLOCKS blocks, may be headers and footers. */
const EDGE_BLOCKS = 2;
const MAX_CHARS = 120;
/**
 * A block of a page is removed if it recurs: at least MIN_PAGES pages have it, and one of the others is at most
 * NEAR_PAGES pages away from this page. In addition, either at least the part MIN_SHARE of all pages with text has the
 * block, or at least MIN_PAGES of the pages up to 2 × NEAR_PAGES away have it (this page included).
 */
const MIN_PAGES = 3;
const MIN_SHARE = 0.3;
/**
 * How many pages away the nearest page with the same block may be. 2, because left and right pages may have different
 * headers.
 */
const NEAR_PAGES = 2;
/** The part of a header between tabs is compared only if it has at least this many characters. */
const MIN_PART_CHARS = 8;

/**
 * Removes headers and footers from pages of Markdown: short blocks at the top or at the bottom that other pages have,
 * too. Numbers in such blocks may differ.
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
    // A chapter's header is on the pages of its chapter only, so it is enough if nearby pages have it.
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
 * The keys by which a block is compared with others: blocks recur if they share a key. One key is the block's text
 * without its numbers; if it has tabs, each long part between tabs is a key, too. A block of several lines has no keys.
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
