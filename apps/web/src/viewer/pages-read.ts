/** The pages of a text that was read, which has a heading `## Page n` before each. A page may have such a line of its own. */
export function pagesOf(markdown: string): string[] {
  const pages: string[] = [];
  const head = (page: number): string => `## Page ${page}\n\n`;
  let at = markdown.startsWith(head(1)) ? 0 : -1;
  for (let page = 1; at >= 0; page++) {
    const next = markdown.indexOf(`\n\n${head(page + 1)}`, at);
    pages.push(markdown.slice(at + head(page).length, next < 0 ? undefined : next).trimEnd());
    at = next < 0 ? -1 : next + 2;
  }
  return pages;
}
