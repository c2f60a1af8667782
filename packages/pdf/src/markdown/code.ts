import { cleanText } from "../text/clean-text.ts";
import type { Line } from "../text/layout.ts";
import { rowsOf } from "./cells.ts";

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

function letterWidth(lines: readonly Line[]): number {
  const letters = lines.reduce((sum, { text }) => sum + text.trim().length, 0);
  const width = lines.reduce((sum, { left, right }) => sum + right - left, 0);
  return width > 0 && letters > 0 ? width / letters : 1;
}
