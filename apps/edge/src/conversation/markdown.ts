import { inPlaces, type TranscriptAsk } from "@docrelay/protocol";
import type { KeptConversation } from "./read-conversation.ts";

/**
 * Returns a conversation as Markdown: each question as a heading with the names of its files, then the answer,
 * unchanged. Of a question that was edited or asked again, only the newest version is included.
 */
export function toMarkdown({ asks }: KeptConversation): string {
  const shown = inPlaces(asks).map((versions) => versions.at(-1) ?? versions[0]);
  return `${shown.map((ask) => section(ask)).join("\n\n")}\n`;
}

function section(ask: TranscriptAsk): string {
  const [title = "", ...rest] = ask.message.trim().split(/\r?\n/);
  const question = [`## ${title || "(no question)"}`, ...(rest.length > 0 ? [rest.join("\n").trim()] : [])];
  const files = ask.files.map(({ name }) => `\`${name.replaceAll("`", "'")}\``).join(", ");
  return [...question, ...(files ? [`Files: ${files}`] : []), answer(ask), ...sources(ask)].join("\n\n");
}

function answer({ state, text, error }: TranscriptAsk): string {
  if (state === "completed") return text;
  if (state === "failed") return `*Failed: ${error?.message ?? ""}*`;
  const note = state === "cancelled" ? "*Cancelled.*" : "*Not finished.*";
  return text ? `${text}\n\n${note}` : note;
}

function sources({ citations, files }: TranscriptAsk): string[] {
  if (!citations?.length) return [];
  const named = citations.map(({ file, page }) => `${files[file]?.name ?? "?"}, p. ${page}`);
  return [`Sources: ${[...new Set(named)].join("; ")}`];
}
