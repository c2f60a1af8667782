import { pageText, type Line } from "../text/layout.ts";
import type { Body } from "./headings.ts";

export interface Footnote {
  readonly mark: string;
  readonly text: string;
}

const MARK = /^\s*(?:\[?(\d{1,3})[\].)]?|([*†‡§]))\s*(?=\S)/u;
/** The font size of footnotes is at most this part of that of running text. */
const SMALLER = 0.93;

/**
 * Returns the index of the first footnote: the first line with a footnote's mark among the lines in a smaller font size
 * at the end of the page. Returns the number of lines if there is none.
 */
export function footnotesFrom(lines: readonly Line[], body: Body): number {
  let from = lines.length;
  for (let at = lines.length - 1; at >= 0; at--) {
    const { size, text } = lines[at] as Line;
    if (size === 0 || size > SMALLER * body.size) break;
    if (MARK.test(text) && /\p{L}/u.test(text)) from = at;
  }
  return from;
}

export function readFootnotes(lines: readonly Line[]): Footnote[] {
  const notes: Array<{ mark: string; lines: Line[] }> = [];
  for (const line of lines) {
    const found = MARK.exec(line.text);
    const mark = found?.[1] ?? found?.[2];
    const isNext =
      mark !== undefined &&
      (Number.isNaN(Number(mark)) || notes.length === 0 || Number(mark) === Number(notes.at(-1)?.mark) + 1);
    if (isNext) notes.push({ mark, lines: [{ ...line, text: line.text.slice(found?.[0].length) }] });
    else notes.at(-1)?.lines.push(line);
  }
  return notes.map(({ mark, lines: of }) => ({ mark, text: pageText(of).replaceAll("\n", " ") }));
}

/** Puts each footnote after the paragraph that has its mark, or at the end if no paragraph has the mark. */
export function withFootnotes(blocks: readonly string[], notes: readonly Footnote[]): string[] {
  const result = [...blocks];
  for (const { mark, text } of notes) {
    const reference = new RegExp(`(?<=[\\p{L}\\p{M}.,;:!?)\\]"'”’])${mark.replace(/[*]/, "\\*")}(?![\\d\\p{L}])`, "u");
    const at = result.findIndex((block) => !/^(?:\||```|#|\[\^)/.test(block) && reference.test(block));
    const note = `[^${mark}]: ${text}`;
    if (at < 0) {
      result.push(note);
      continue;
    }
    result[at] = (result[at] as string).replace(reference, `[^${mark}]`);
    let behind = at + 1;
    while (result[behind]?.startsWith("[^")) behind++;
    result.splice(behind, 0, note);
  }
  return result;
}
