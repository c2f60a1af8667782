/** A file as it stood in a prompt. `pages` when the prompt says where they begin, else one. */
export interface ReadFile {
  readonly name: string;
  readonly pages: readonly string[];
}
export interface ReadPrompt {
  readonly question: string;
  readonly files: readonly ReadFile[];
}

/** Takes a prompt apart again, `plain` or `fenced`. Never throws: what is no file is part of the question. */
export function readPrompt(prompt: string): ReadPrompt {
  const fence = /^Files stand between lines that end with ([0-9a-f]{16}) ---;[^\n]*\n\n/.exec(prompt);
  const mark = fence ? ` ${fence[1]}` : "";
  const body = fence ? prompt.slice(fence[0].length) : prompt;
  const files: ReadFile[] = [];
  const open = "\n\n--- File Content: ";
  const close = `\n--- End of File${mark} ---`;
  let at = body.indexOf(open);
  const question = at < 0 ? body : body.slice(0, at);
  while (at >= 0) {
    const headEnd = body.indexOf(`${mark} ---\n`, at);
    const end = headEnd < 0 ? -1 : body.indexOf(close, headEnd);
    if (end < 0) break;
    const text = body.slice(headEnd + mark.length + 5, end);
    const next = body.indexOf(open, end);
    const notes = body.slice(end + close.length, next < 0 ? undefined : next);
    files.push({ name: body.slice(at + open.length, headEnd), pages: splitPages(text, notes) });
    at = next;
  }
  return { question: question.trim(), files };
}

function splitPages(text: string, notes: string): string[] {
  const starts = /begin at characters ([\d, ]+) of its text/.exec(notes)?.[1]?.split(", ").map(Number);
  if (!starts) return [text];
  return starts.map((start, index) =>
    text.slice(start, starts[index + 1] === undefined ? undefined : (starts[index + 1] ?? 1) - 1),
  );
}
