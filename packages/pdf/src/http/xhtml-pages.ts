const PAGE = /<div[^>]*\bclass="page"[^>]*>/;
const BLOCK_END = /<\/(?:p|div|h[1-6]|li|tr|table|ul|ol)>|<br\s*\/?>/gi;
const CELL_END = /<\/t[dh]>/gi;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: " " };

/** The texts of the pages in Apache Tika's response: a line for each paragraph or row, with tabs between cells. */
export function xhtmlPages(xhtml: string): string[] {
  const [, ...pages] = xhtml.split(PAGE);
  return (pages.length > 0 ? pages : [xhtml.replace(/<head[\s\S]*?<\/head>/i, "")]).map(textOf);
}

function textOf(markup: string): string {
  return markup
    .replace(CELL_END, "\t")
    .replace(BLOCK_END, "\n")
    .replace(/<[^>]*>/g, "")
    .replace(/&(?:#x([\da-f]{1,6})|#(\d{1,7})|([a-z]+));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? whole;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
    });
}
