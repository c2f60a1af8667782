import type { RelayFault } from "@docrelay/client";
import type { Errors } from "./phrase.ts";
import { say, spokenTag, spokenWords } from "./say.ts";

/** The page's sentences for an error: what happened and what to do. */
export interface Words {
  readonly what: string;
  readonly advice: string;
  /** Whether asking the same question again can help. */
  readonly again: boolean;
}

/** Errors after which asking the same question again can help. */
const AGAIN: ReadonlySet<string> = new Set<keyof Errors>([
  "AUTH_EXPIRED",
  "FILE_CORRUPT",
  "ASK_CONFLICT",
  "RATE_LIMITED",
  "BUSY",
  "QUOTA_EXCEEDED",
  "STORE_UNAVAILABLE",
  "UNREACHABLE",
  "ENGINE_UNAVAILABLE",
  "ENGINE_TIMEOUT",
  "ENGINE_BAD_REPLY",
  "ASK_EXPIRED",
  "SHUTTING_DOWN",
  "INTERNAL",
  "PDF_LIMIT_EXCEEDED time",
] satisfies Array<keyof Errors>);

/**
 * Returns the sentences for an error. `fileName` is the file that the error is about, if there is one; the first
 * sentence then names it.
 */
export function wordsFor(
  error: Pick<RelayFault, "code" | "reason"> & Partial<Pick<RelayFault, "message" | "retryable">>,
  fileName?: string,
): Words {
  const words = ownWords(error) ?? wordsOf(error);
  return fileName === undefined ? words : { ...words, what: say("ofFile", { name: fileName, what: words.what }) };
}

function wordsOf({ code, reason }: Pick<RelayFault, "code" | "reason">): Words {
  const { errors } = spokenWords();
  const exact = `${code} ${reason}`;
  const key = Object.hasOwn(errors, exact) ? (exact as keyof Errors) : code;
  const [what, advice] = errors[key];
  return { what, advice, again: AGAIN.has(key) };
}

/**
 * Returns the server's own sentence for an error of the engine, in place of the page's: such an error has many causes,
 * and the server's sentence is more exact. The server's sentence exists only in English, and contains the advice.
 */
function ownWords({ code, reason, message, retryable = true }: Parameters<typeof wordsFor>[0]): Words | undefined {
  const isEngines = code.startsWith("ENGINE_") || code === "PROMPT_TOO_LARGE";
  if (!isEngines || message === undefined || spokenTag() !== "en" || reason === "size") return undefined;
  return { what: message, advice: "", again: retryable && AGAIN.has(code) };
}
