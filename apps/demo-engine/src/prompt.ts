/** A file as the prompt has it. */
export interface ReadFile {
  readonly name: string;
  /** The text of each page, empty for a missing page; a single text if the prompt does not tell where pages begin. */
  readonly pages: readonly string[];
  /** Whether `pages` are the file's own pages, so that a page can be cited by its number. */
  readonly numbered: boolean;
}
export interface ReadPrompt {
  readonly question: string;
  readonly files: readonly ReadFile[];
}

const OPEN = "\n\n--- File Content: ";

/**
 * Parses a prompt, `plain` or `fenced` (the worker's setting `ENGINE_PROMPT`), in linear time. Never throws: a prompt
 * without files is a question. A file in a `plain` prompt is parsed wrongly if its text contains a line that marks the
 * beginning or the end of a file. In a `fenced` prompt these lines contain random digits, so no file can contain them.
 */
export function readPrompt(prompt: string): ReadPrompt {
  const fence = /^Files stand between lines that end with ([0-9a-f]{16}) ---;[^\n]*\n\n/.exec(prompt);
  const mark = fence ? ` ${fence[1]}` : "";
  const body = fence ? prompt.slice(fence[0].length) : prompt;
  const close = `\n--- End of File${mark} ---`;
  const headClose = `${mark} ---\n`;
  const files: ReadFile[] = [];
  let question = body;
  let from = 0;
  while (true) {
    const headEnd = body.indexOf(headClose, fence ? from : nextOpen(body, from));
    // In a `fenced` prompt, the line above a file's text ends with a mark of random digits (`fence`), but the question
    // may contain the beginning of such a line. So the end of the line is searched first, and from there, backwards,
    // its beginning.
    const head = fence ? body.lastIndexOf(OPEN, headEnd) : nextOpen(body, from);
    if (headEnd < 0 || head < from || head === body.length) break;
    const start = headEnd + headClose.length;
    const end = body.indexOf(close, start);
    if (end < 0) break;
    if (files.length === 0) question = body.slice(0, head);
    from = end + close.length;
    const text = body.slice(start, end);
    const name = body.slice(head + OPEN.length, headEnd);
    files.push(fence ? paged(name, text, body.startsWith(PAGES, from) ? body.slice(from) : "") : unpaged(name, text));
  }
  return { question: question.trim(), files };
}

function nextOpen(body: string, from: number): number {
  const at = body.indexOf(OPEN, from);
  return at < 0 ? body.length : at;
}

function unpaged(name: string, text: string): ReadFile {
  return { name, pages: [text], numbered: false };
}

const PAGES = "\n[Pages of this file begin at its lines ";

/**
 * Splits the text of a file into pages.
 * @param notes what follows the file in the prompt; it begins with the numbers of the lines at which the pages begin.
 * Empty if the file has one page.
 */
function paged(name: string, text: string, notes: string): ReadFile {
  if (!notes) return { name, pages: [text], numbered: true };
  const lines = notes.slice(PAGES.length, notes.indexOf(".]")).split(", ").map(Number);
  const pages: string[] = [];
  let line = 1;
  let at = 0;
  // The newline between two pages belongs to neither of them.
  for (const [index, first] of lines.entries()) {
    const next = lines[index + 1];
    if (first !== line || (next !== undefined && !(next > first))) return unpaged(name, text);
    let end = next === undefined ? text.length : at - 1;
    for (; next !== undefined && line < next; line++) {
      end = text.indexOf("\n", end + 1);
      if (end < 0) return unpaged(name, text);
    }
    pages.push(text.slice(at, end));
    at = end + 1;
  }
  return { name, pages, numbered: true };
}
