import { Marked } from "marked";
import { anchorOf } from "./page.ts";

/** Returns the address of a link's target in the site; undefined if it has none: then only the link's text is shown. */
export type Resolve = (href: string) => string | undefined;

export const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** Renders a page's Markdown, which is trusted, because it comes from this repository. */
export function render(markdown: string, resolve: Resolve): string {
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        const id = anchorOf(text);
        const words = this.parser.parseInline(tokens);
        return `<h${depth} id="${id}">${words} <a class="here" href="#${id}" aria-label="Link to this part">#</a></h${depth}>\n`;
      },
      link({ href, tokens }) {
        const to = resolve(href);
        const words = this.parser.parseInline(tokens);
        return to === undefined ? words : `<a href="${escapeHtml(to)}">${words}</a>`;
      },
      image: ({ href, text }) => `<img src="${escapeHtml(resolve(href) ?? href)}" alt="${escapeHtml(text)}" />`,
      code: ({ text }) => `<pre tabindex="0"><code>${escapeHtml(text)}</code></pre>\n`,
      // A wide table gets its own scroll bar in a narrow window.
      table(token) {
        const row = (cells: typeof token.header, name: "th" | "td"): string =>
          `<tr>${cells.map(({ tokens }) => `<${name}>${this.parser.parseInline(tokens)}</${name}>`).join("")}</tr>`;
        const body = token.rows.map((cells) => row(cells, "td")).join("\n");
        return `<div class="table" tabindex="0"><table><thead>${row(token.header, "th")}</thead><tbody>${body}</tbody></table></div>\n`;
      },
    },
  });
  return marked.parse(markdown, { async: false });
}
