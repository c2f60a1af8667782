import type { Turn } from "@docrelay/client";

/** The fields of a conversation that a search looks at. */
export interface Searched {
  readonly title: string;
  readonly files: readonly string[];
}

/**
 * Returns the conversations whose title and file names contain all words of the search. Case and accents are ignored.
 */
export function search<T extends Searched>(all: readonly T[], wanted: string): readonly T[] {
  const words = plain(wanted).split(/\s+/).filter(Boolean);
  return all.filter(({ title, files }) => {
    const text = plain([title, ...files].join("\n"));
    return words.every((word) => text.includes(word));
  });
}

function plain(text: string): string {
  return text.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase();
}

/**
 * Returns a conversation as Markdown: each question as a heading, then the names of its files, the unchanged answer,
 * and the pages that the answer cites.
 */
export function toMarkdown(turns: readonly Turn[]): string {
  return turns
    .map(({ question, files, text, citations = [] }) => {
      const [first = "", ...more] = question.split("\n");
      const names = files.map(({ name }) => `- ${name}`).join("\n");
      const pages = citations.map(({ file, page }) => `${files[file]?.name ?? ""}, p. ${page}`);
      const cited = [...new Set(pages)].map((page) => `> ${page}`).join("  \n");
      return [`## ${first}`, more.join("\n").trim(), names, text.trim(), cited]
        .filter((part) => part !== "")
        .join("\n\n");
    })
    .join("\n\n")
    .concat("\n");
}

/** Returns a conversation as JSON, including the earlier versions of changed questions. */
export function toJson(conversation: string, turns: readonly Turn[]): string {
  const asks = turns.flatMap(({ versions = [], ...newest }) => [...versions, newest]).map(askOf);
  return `${JSON.stringify({ conversation, asks }, undefined, 2)}\n`;
}

function askOf({ id, question, at, files, replaces, state, text, citations, engine, feedback }: Turn): object {
  const named = files.map(({ name, size, pages, sha256 }) => ({ name, size, pages, sha256 }));
  return {
    id,
    at: new Date(at).toISOString(),
    question,
    files: named,
    replaces,
    state,
    text,
    citations,
    engine,
    feedback,
  };
}

/** Returns the name for a saved file: the title, reduced to characters that every file system allows. */
export function fileName(title: string, ending: string): string {
  const name = title
    .replaceAll(/[^\p{L}\p{N}]+/gu, " ")
    .trim()
    .slice(0, 60)
    .trim()
    .toWellFormed();
  return `${name === "" ? "conversation" : name}.${ending}`;
}
