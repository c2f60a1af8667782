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
 * at the end of the page, from the line `least`. Returns the number of lines if there is none.
 */
export function footnotesFrom(lines: readonly Line[], body: Body, least = 0): number {
  let from = lines.length;
  for (let at = lines.length - 1; at >= least; at--) {
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
  const parts = blocks.map((block) => ({ block, references: [] as Reference[], notes: [] as string[] }));
  const last = parts.at(-1);
  if (last === undefined) return notes.map(shown);
  const placesOf = referencesIn(blocks);
  for (const note of notes) {
    // If several notes have the same mark, the first reference belongs to the first note, and so on.
    const reference = placesOf.get(note.mark)?.pop();
    const part = (reference && parts[reference.block]) ?? last;
    if (reference) part.references.push(reference);
    part.notes.push(shown(note));
  }
  return parts.flatMap((part) => [withReferences(part.block, part.references), ...part.notes]);
}

const shown = ({ mark, text }: Footnote): string => `[^${mark}]: ${text}`;

/** Where a block has the mark of a footnote: at index `at`. */
interface Reference {
  readonly block: number;
  readonly at: number;
  readonly mark: string;
}

const REFERENCE = /(?<=[\p{L}\p{M}.,;:!?)\]"'”’])(?:\d{1,3}|[*†‡§])(?![\d\p{L}])/gu;

/** By mark: the places that may refer to a footnote, the last one first. */
function referencesIn(blocks: readonly string[]): Map<string, Reference[]> {
  const references = blocks.flatMap((text, block) =>
    /^(?:\||```|#|\[\^)/.test(text)
      ? []
      : [...text.matchAll(REFERENCE)].map(({ 0: mark, index }): Reference => ({ block, at: index, mark })),
  );
  return Map.groupBy(references.reverse(), ({ mark }) => mark);
}

function withReferences(block: string, references: readonly Reference[]): string {
  let [text, done] = ["", 0];
  for (const { at, mark } of references.toSorted((one, other) => one.at - other.at)) {
    text += `${block.slice(done, at)}[^${mark}]`;
    done = at + mark.length;
  }
  return text + block.slice(done);
}
