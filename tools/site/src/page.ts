/** A page of the site as Markdown. Paths are those of the repository, from its root, with slashes. */
export interface Page {
  readonly path: string;
  readonly markdown: string;
  /** For a page that is made from another document: the document to which its links are relative. */
  readonly linksFrom?: string;
}

/** Returns the address of a page in the site, from its root. */
export function addressOf(path: string): string {
  return path.replace(/README\.md$/, "index.html").replace(/\.md$/, ".html");
}

/** Returns the title of a page: its first heading, or its path if it has none. */
export function titleOf({ path, markdown }: Page): string {
  return /^# (.+)$/m.exec(markdown)?.[1]?.replaceAll("`", "") ?? path;
}

/** Returns the Markdown of a page, changed so that no line of code looks like a heading. */
export function withPlainCode({ markdown }: Page): string {
  return markdown.replaceAll(/^(```|~~~)[^]*?^\1/gm, (code) => code.replaceAll(/^#/gm, " #"));
}

/** Returns the anchor of a heading, as GitHub makes it. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}
