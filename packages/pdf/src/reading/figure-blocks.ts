import type { TextFormat } from "../port/extract.ts";

/** So many bytes, at most, mark the text of a figure. */
export const FIGURE_MARK_BYTES = 24;

/**
 * Adds the texts of figures to the texts of their pages, each after a mark `[Figure]`. In Markdown, each is a block of
 * preformatted lines, so that its rows stay apart and nothing in it counts as Markdown.
 */
export function withFigureTexts(
  pages: readonly string[],
  figureTexts: ReadonlyMap<number, readonly string[]>,
  format: TextFormat,
): string[] {
  const isMarkdown = format === "markdown";
  return pages.map((page, index) => {
    const found = figureTexts.get(index + 1);
    if (!found) return page;
    const blocks = found.map((text) => (isMarkdown ? `[Figure]\n\n${fenced(text)}` : `[Figure] ${text}`));
    return [...(page === "" ? [] : [page]), ...blocks].join(isMarkdown ? "\n\n" : "\n");
  });
}

function fenced(text: string): string {
  const fence = text.includes("```") ? "````" : "```";
  return `${fence}\n${text}\n${fence}`;
}
