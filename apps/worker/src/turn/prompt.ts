import type { Store, TakenAsk } from "@docrelay/channel";
import {
  buildPrompt,
  choosePages,
  estimateTokens,
  pagedPrompt,
  type EngineAsk,
  type PagedFile,
  type PageRanges,
  type Prompt,
} from "@docrelay/engine";
import { randomUUID } from "node:crypto";
import { readHistory } from "./history.ts";
import type { Text } from "./texts.ts";

export interface PromptSettings {
  readonly promptMode: "plain" | "fenced";
  /**
   * Which `unique_id` the engine gets. `client`: the one that the client has sent over `/ws/chat/`; without one, the
   * same as with `opaque`. `opaque`: the hash of the conversation, which tells nothing about the user.
   */
  readonly uniqueId: "client" | "opaque";
  /** How many tokens a prompt may have, not counting the system text; undefined if the engine takes files of any size. */
  readonly contextTokens: number | undefined;
  /**
   * How many tokens a prompt with the conversation so far may have, not counting the system text; undefined if no engine
   * takes the conversation.
   */
  readonly historyTokens: number | undefined;
}

/** The pages of each file that go into the prompt; undefined for a file that goes into it whole. */
export type ChosenPages = ReadonlyArray<PageRanges | undefined>;

/** An estimate of the tokens of the lines around a file; `INTRO_TOKENS` is that of the lines before the question. */
const FILE_TOKENS = 80;
const INTRO_TOKENS = 120;

/**
 * Chooses which pages of an ask's files go into the prompt. Each attempt of the ask gets the same choice. `too-large`:
 * not even one page fits.
 */
export async function choosePagesOf(
  { body }: TakenAsk,
  texts: readonly Text[],
  { contextTokens }: PromptSettings,
): Promise<ChosenPages | "too-large"> {
  if (contextTokens === undefined) return texts.map(() => undefined);
  const names = body.files.reduce((sum, { name }) => sum + FILE_TOKENS + estimateTokens(name), 0);
  const left = contextTokens - INTRO_TOKENS - estimateTokens(body.message) - names;
  if (left < 0) return "too-large";
  return choosePages(
    body.message,
    texts.map(({ pages }) => pages),
    left,
  );
}

/**
 * Returns 16 random hex digits, which make the marks in a prompt unguessable. They are taken from a UUID, because Node
 * generates many UUIDs at once; `randomBytes` would be a system call for each prompt.
 */
function newBoundary(): string {
  const uuid = randomUUID();
  return uuid.slice(0, 8) + uuid.slice(-8);
}

/**
 * Builds the engine's prompt. Apart from the conversation and its files, it contains only opaque ids, or the
 * `unique_id` that the client has sent.
 */
export async function promptOf(
  { store, settings }: { readonly store: Store; readonly settings: PromptSettings },
  ask: TakenAsk,
  texts: readonly Text[],
  chosen: ChosenPages,
): Promise<EngineAsk> {
  const { body, address } = ask;
  const given = settings.uniqueId === "client" && body.origin === "plain" ? body.uniqueId : undefined;
  const ids = { uniqueId: given ?? address.c, affinity: address.u };
  const files = filesOf(ask, texts, chosen);
  const { contextTokens, historyTokens, promptMode } = settings;
  const boundary = newBoundary();
  const isPaged = contextTokens !== undefined && promptMode === "fenced";
  const message = isPaged
    ? pagedPrompt({ message: body.message, files, boundary })
    : buildPrompt({ mode: promptMode, message: body.message, files, boundary });
  if (historyTokens === undefined) return { message, ...ids };
  const { messages, notice } = await readHistory(store, ask, historyTokens - tokensOf(message));
  const [first, ...rest] = messages;
  // Without `contextTokens` the first engine is a WebSocket engine, which never gets earlier questions and answers. So
  // it needs no notice that some were left out.
  if (!first && contextTokens === undefined) return { message, ...ids };
  if (!first) return { message: notice === "" ? message : [notice, ...partsOf(message)], ...ids };
  return { message, history: [{ ...first, text: notice + first.text }, ...rest], ...ids };
}

function filesOf({ body }: TakenAsk, texts: readonly Text[], chosen: ChosenPages): PagedFile[] {
  return body.files.flatMap(({ name }, index) => {
    const text = texts[index];
    return text
      ? [{ name, pages: text.pages, missing: text.missing, truncated: text.truncated, used: chosen[index] }]
      : [];
  });
}

function partsOf(message: Prompt): ReadonlyArray<string | readonly string[]> {
  return typeof message === "string" ? [message] : message;
}

/** Estimates the tokens of the whole prompt, without the operator's system text. */
export function promptTokens({ message, history = [] }: EngineAsk): number {
  return history.reduce((sum, { text }) => sum + estimateTokens(text), tokensOf(message));
}

/** The estimated tokens of files' pages. Many asks share one array of pages, so each is estimated once. */
const counted = new WeakMap<readonly string[], number>();

function tokensOf(message: Prompt): number {
  const of = (part: string | readonly string[]): number => {
    if (typeof part === "string") return estimateTokens(part);
    const known = counted.get(part) ?? part.reduce((sum, page) => sum + estimateTokens(page), 0);
    counted.set(part, known);
    return known;
  };
  return partsOf(message).reduce((sum, part) => sum + of(part), 0);
}
