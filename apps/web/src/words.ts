import type { RelayFault } from "@docrelay/client";

/** What a page says of an error: what happened, and what to do. */
export interface Words {
  readonly what: string;
  readonly advice: string;
  /** Whether asking the same again makes sense. */
  readonly again: boolean;
}

const say = (what: string, advice: string, again = false): Words => ({ what, advice, again });

const WORDS: Record<RelayFault["code"], Words> = {
  AUTH_REQUIRED: say("You are not signed in.", "Reload the page to sign in."),
  AUTH_INVALID: say("Your session is not valid any more.", "Reload the page to get a new one."),
  AUTH_EXPIRED: say("Your session has run out.", "Reload the page to get a new one.", true),
  FORBIDDEN: say("You may not do that.", "Ask the operator of this site for access."),
  ORIGIN_DENIED: say("This site may not connect here.", "Its operator can allow it."),
  BAD_MESSAGE: say("The question could not be understood by the server.", "Reload the page and ask again."),
  PAYLOAD_TOO_LARGE: say("That is too large.", "Shorten the question or choose a smaller file."),
  FILE_NAME_INVALID: say("The file's name cannot be used.", "Rename the file and attach it again."),
  FILE_TYPE_UNSUPPORTED: say("This file is not a PDF.", "Attach a PDF instead."),
  FILE_CORRUPT: say("The file did not arrive whole.", "Attach it again.", true),
  FILE_CHANGED: say("This file has changed since you attached it.", "Attach it again."),
  PDF_INVALID: say(
    "This PDF is damaged and cannot be read.",
    "Open it in a PDF reader, save it again, and attach the new file.",
  ),
  PDF_ENCRYPTED: say("This PDF is protected.", "Type its password to ask again."),
  PDF_NO_TEXT: say(
    "There is no text in this PDF.",
    "It is probably a scan. Attach a version with text in it; the operator of this site can also have scans read.",
  ),
  PDF_LIMIT_EXCEEDED: say("This PDF takes more pages, time or memory than allowed.", "Attach a smaller part of it."),
  ASK_CONFLICT: say("This question was mixed up with another one.", "Ask again.", true),
  NOT_FOUND: say("What you asked about is no longer there.", "Attach the file again and ask."),
  RATE_LIMITED: say("That was too fast.", "Wait a moment and ask again.", true),
  TOO_MANY_CONNECTIONS: say("Too many windows are connected.", "Close some of them."),
  BUSY: say("Too much is waiting already.", "Nothing was lost: ask again in a moment.", true),
  QUOTA_EXCEEDED: say("Your share of storage is used up.", "Try again later, or with smaller files.", true),
  STORE_UNAVAILABLE: say(
    "The server could not take the question in time.",
    "Check your connection, and ask again.",
    true,
  ),
  PROMPT_TOO_LARGE: say("That is more text than the AI engine takes.", "Ask about fewer or shorter files."),
  UNREACHABLE: say("The server cannot be reached.", "Check your connection. It is tried again by itself.", true),
  NOT_DOCRELAY: say("The server does not answer as expected.", "Its operator can mend it."),
  TRANSPORT_BLOCKED: say("Your network blocks the connection.", "Its operator can allow WebSockets."),
  ENGINE_UNAVAILABLE: say("The AI engine cannot be reached.", "Ask again in a moment.", true),
  ENGINE_TIMEOUT: say("The AI engine did not answer in time.", "Ask again.", true),
  ENGINE_BAD_REPLY: say("The AI engine's answer could not be used.", "Ask again.", true),
  ASK_EXPIRED: say("The answer took too long.", "Ask again, perhaps about fewer files.", true),
  RESUME_LOST: say("The older part of this conversation is gone.", "What is left is shown."),
  SLOW_CONSUMER: say("The connection is too slow.", "It is being opened again."),
  IDLE_TIMEOUT: say("The connection was silent for too long.", "It is being opened again."),
  SHUTTING_DOWN: say("The server is restarting.", "The connection moves to another one by itself.", true),
  INTERNAL: say("Something went wrong on our side.", "Ask again. If it stays, tell the operator of this site.", true),
};

/** More exact words where the error's `reason` allows them, by `CODE reason`. */
const BY_REASON: Readonly<Record<string, Words>> = {
  "BAD_MESSAGE utf8": say("The question has a broken character.", "Type it again, and ask."),
  "PAYLOAD_TOO_LARGE message": say("The question is too long.", "Shorten it, or attach the long part as a PDF."),
  "PAYLOAD_TOO_LARGE file": say("This file is too large.", "Attach a smaller one, or a part of it."),
  "PDF_ENCRYPTED password": say("That password does not open the PDF.", "Type its password to ask again."),
  "PDF_LIMIT_EXCEEDED pages": say("This PDF has more pages than are allowed.", "Attach the part that you ask about."),
  "PDF_LIMIT_EXCEEDED time": say(
    "Reading this PDF took too long.",
    "Ask again: the server may have been busy. If it stays, attach a part of the PDF.",
    true,
  ),
  "PDF_LIMIT_EXCEEDED memory": say(
    "Reading this PDF takes more memory than is allowed.",
    "Attach the part that you ask about, or print it to a new PDF first.",
  ),
  "PDF_LIMIT_EXCEEDED output": say("This PDF has more text than is allowed.", "Attach the part that you ask about."),
  "ENGINE_BAD_REPLY size": say("The answer is longer than is allowed.", "Ask for a shorter one, or about less."),
};

/** The words for an error, with the file's name where it is about one. */
export function wordsFor(
  error: Pick<RelayFault, "code" | "reason"> & Partial<Pick<RelayFault, "message" | "retryable">>,
  fileName?: string,
): Words {
  const words = BY_REASON[`${error.code} ${error.reason}`] ?? ownWords(error) ?? WORDS[error.code];
  return { ...words, what: fileName === undefined ? words.what : `${fileName}: ${words.what}` };
}

/** What an engine does wrong has many causes: the server's sentence fits the one, and has the advice in it. */
function ownWords({ code, message, retryable = true }: Parameters<typeof wordsFor>[0]): Words | undefined {
  const isEngines = code.startsWith("ENGINE_") || code === "PROMPT_TOO_LARGE";
  if (!isEngines || message === undefined) return undefined;
  return { what: message, advice: "", again: retryable && WORDS[code].again };
}

/** 1,234,567 bytes as "1.2 MB". */
export function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  const power = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[power]}`;
}

/** A limit as it was set: 26,214,400 bytes are "25 MiB", not "26.2 MB". */
export function wholeSize(bytes: number): string {
  return bytes > 0 && bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20} MiB` : size(bytes);
}

/** 2 of 3 as "second try of three". */
export function tryOf(n: number, of?: number): string {
  const which = ["first", "second", "third", "fourth", "fifth"][n - 1] ?? `${n}th`;
  const all = of === undefined ? undefined : (["one", "two", "three", "four", "five"][of - 1] ?? `${of}`);
  return all === undefined ? `${which} try` : `${which} try of ${all}`;
}

/** [1, 2, 3, 7] as runs: 1 to 3, 7 to 7. */
export function pageRuns(pages: readonly number[]): Array<readonly [from: number, to: number]> {
  const runs: Array<[number, number]> = [];
  for (const page of pages) {
    const last = runs.at(-1);
    if (last && page === last[1] + 1) last[1] = page;
    else runs.push([page, page]);
  }
  return runs;
}

/** [1, 2, 3, 7] as "1–3, 7"; long lists are cut. */
export function pageList(pages: readonly number[], most = 6): string {
  const runs = pageRuns(pages);
  const shown = runs.slice(0, most).map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
  return shown.join(", ") + (runs.length > most ? " …" : "");
}

/** 1500 ms as "1.5 s". */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
