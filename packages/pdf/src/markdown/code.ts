import { cleanText } from "../text/clean-text.ts";
import type { Line } from "../text/layout.ts";
import { rowsOf } from "./cells.ts";

/** In a line of few letters, a letter takes at most this many times the ink's width. */
const MAX_PER_INK = 1.2;

/**
 * Makes a Markdown code block. The indentation comes from the positions of the lines, as all letters are equally wide.
 */
export function codeBlock(lines: readonly Line[]): string {
  const rows = rowsOf(lines);
  const width = letterWidth(lines);
  const margin = Math.min(...lines.map(({ left }) => left));
  const text = rows.map((row) => {
    let line = "";
    for (const piece of row) {
      const column = Math.round((piece.left - margin) / width);
      line += " ".repeat(Math.max(line === "" ? 0 : 1, column - line.length)) + cleanText(piece.text);
    }
    return line;
  });
  const fence = text.some((line) => line.includes("```")) ? "````" : "```";
  return [fence, ...text, fence].join("\n");
}

/**
 * The width of a letter: how much longer lines of more letters are. A line is narrower than its letters, because it ends
 * with the ink of the first and the last one.
 */
function letterWidth(lines: readonly Line[]): number {
  const sizes = lines.map(({ text, left, right }) => ({ letters: text.trim().length, width: right - left }));
  const letters = sizes.reduce((sum, one) => sum + one.letters, 0) / sizes.length;
  const width = sizes.reduce((sum, one) => sum + one.width, 0) / sizes.length;
  if (!(width > 0 && letters > 0)) return 1;
  const spread = sizes.reduce((sum, one) => sum + (one.letters - letters) ** 2, 0);
  const slope = sizes.reduce((sum, one) => sum + (one.letters - letters) * (one.width - width), 0) / spread;
  const mean = width / letters;
  return slope > mean && slope < MAX_PER_INK * mean ? slope : mean;
}
