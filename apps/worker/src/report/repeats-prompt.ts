import type { EngineAsk } from "@docrelay/engine";
import type { TakenAsk } from "@docrelay/channel";

/** The part of an engine call's prompt that users and documents have written. */
export type SentPrompt = Pick<EngineAsk, "message" | "history">;

/**
 * A text that has this many characters in a row in common with the prompt repeats it; white space and case do not count.
 */
const PART = 12;
/** A question or a file name with fewer characters is not looked for, because it may be in any message. */
const MIN_TEXT = 8;

/**
 * Whether a text of the engine repeats a part of the prompt, perhaps escaped as in JSON or a URL. Finds every part of at
 * least 23 characters, and each shorter question or file name of at least 8; a part of 12 to 22 may be found, too.
 */
export function repeatsPrompt(text: string, { body }: Pick<TakenAsk, "body">, prompt: SentPrompt): boolean {
  const told = [text, unescaped(text)].map(squeezed);
  const parts = new Set<string>();
  for (const one of told) for (let at = 0; at + PART <= one.length; at++) parts.add(one.slice(at, at + PART));
  for (const source of sourcesOf(body, prompt)) {
    const words = squeezed(source);
    const isShort = words.length < 2 * PART;
    if (isShort && words.length >= MIN_TEXT && told.some((one) => one.includes(words))) return true;
    for (let at = 0; at + PART <= words.length; at += PART) if (parts.has(words.slice(at, at + PART))) return true;
  }
  return false;
}

function* sourcesOf({ message, files }: TakenAsk["body"], prompt: SentPrompt): Generator<string> {
  yield message;
  for (const { name } of files) yield name;
  for (const { text } of prompt.history ?? []) yield text;
  if (typeof prompt.message === "string") yield prompt.message;
  else for (const part of prompt.message) yield* typeof part === "string" ? [part] : part;
}

const squeezed = (text: string): string => text.replaceAll(/\s+/g, "").toLowerCase();

/** Undoes the escapes of JSON and of URLs, as far as they are valid. */
function unescaped(text: string): string {
  const json = text
    .replaceAll(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replaceAll(/\\[nrtbf]/g, " ")
    .replaceAll(/\\(["\\/])/g, "$1");
  return json.replaceAll(/(%[0-9a-f]{2})+/gi, (bytes) => {
    try {
      return decodeURIComponent(bytes);
    } catch {
      return bytes;
    }
  });
}
