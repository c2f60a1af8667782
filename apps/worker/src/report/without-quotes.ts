import type { EngineAsk } from "@docrelay/engine";
import type { TakenAsk } from "@docrelay/channel";

/** What is logged in place of an engine's error message that repeats a part of the prompt. */
const REPEATS = "(the message repeats a part of the prompt)";
/** A text has this many characters in common with the prompt, without white space, only if it repeats the prompt. */
const PART = 12;
/** A question or a file name with fewer characters is not looked for, because it may be in any message. */
const MIN_TEXT = 4;

/**
 * Returns a function for texts of the engine that are to be logged: if a text repeats a part of the prompt, it returns
 * another text, because logs hold no words of users or documents. It finds every part of at least 23 characters without
 * white space, and each shorter question or file name as a whole.
 */
export function withoutQuotes(
  { body }: Pick<TakenAsk, "body">,
  { message, history = [] }: Pick<EngineAsk, "message" | "history">,
): (text: string) => string {
  return (text) => {
    const told = withoutBlanks(text);
    const parts = new Set<string>();
    for (let at = 0; at + PART <= told.length; at++) parts.add(told.slice(at, at + PART));
    for (const source of sourcesOf(body, message, history)) {
      const squeezed = withoutBlanks(source);
      const isShort = squeezed.length < 2 * PART;
      if (isShort && squeezed.length >= MIN_TEXT && told.includes(squeezed)) return REPEATS;
      for (let at = 0; at + PART <= squeezed.length; at += PART)
        if (parts.has(squeezed.slice(at, at + PART))) return REPEATS;
    }
    return text;
  };
}

function* sourcesOf(
  { message, files }: TakenAsk["body"],
  prompt: EngineAsk["message"],
  history: NonNullable<EngineAsk["history"]>,
): Generator<string> {
  yield message;
  for (const { name } of files) yield name;
  for (const { text } of history) yield text;
  if (typeof prompt === "string") yield prompt;
  else for (const part of prompt) yield* typeof part === "string" ? [part] : part;
}

const withoutBlanks = (text: string): string => text.replaceAll(/\s+/g, "");
