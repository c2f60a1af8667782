import { jsonShape } from "@docrelay/protocol";
import type { EngineCitation } from "./engine.ts";
import type { Prompt } from "./prompt.ts";

/** How an engine replies: with one frame, or with a stream of frames whose last has type `end`, `done` or `completed`. */
export type ReplyMode = "single" | "stream";

export interface FrameRule {
  readonly reply: ReplyMode;
  /** The ask's `unique_id`. */
  readonly uniqueId: string;
  /** Refuse a frame without the ask's `unique_id`: on this connection it may belong to another user's ask. */
  readonly mustEcho: boolean;
}

/** A parsed frame of the engine. */
export interface ReplyFrame {
  readonly text: string | undefined;
  readonly last: boolean;
  /** `text` is the whole reply, not a piece of it. */
  readonly whole: boolean;
  readonly json: boolean;
  /** It carries the ask's `unique_id`. */
  readonly echoed: boolean;
  readonly citations?: readonly EngineCitation[];
}

export interface RefusedFrame {
  readonly refused: "error" | "unique-id" | "depth";
  /** What the engine reports as its error, as it came. */
  readonly said?: string;
  /** Given when the engine says itself that asking again makes sense. */
  readonly retry?: "again";
}

/** The first of these fields that is a string is the text. */
const TEXT_FIELDS = ["message", "response", "reply", "text", "content", "delta"];
const LAST_TYPES: ReadonlySet<unknown> = new Set(["end", "done", "completed"]);
const MAX_CITATIONS = 50;
/** A frame may be forwarded and serialised again, and deeper values overflow the stack of a serialiser. */
const MAX_DEPTH = 64;

/** Pages as JSON, kept while the pages are. Escaping 50 pages takes longer than the rest of sending an ask. */
const written = new WeakMap<readonly string[], Buffer>();

/** The request frame, JSON in UTF-8, byte for byte that of the original system. */
export function askFrame(message: Prompt, uniqueId: string): Buffer {
  const parts = typeof message === "string" ? [message] : message;
  const end = `","type":"chat","unique_id":${JSON.stringify(uniqueId)}}`;
  return Buffer.concat([Buffer.from('{"message":"'), ...parts.map(inJson), Buffer.from(end)]);
}

function inJson(part: string | readonly string[]): Buffer {
  if (typeof part === "string") return escaped(part);
  const known = written.get(part) ?? escapedPages(part);
  written.set(part, known);
  return known;
}

function escaped(text: string): Buffer {
  return Buffer.from(JSON.stringify(text).slice(1, -1));
}

/** The pages joined by `\n`. One by one: a string of more than 128 KiB is an allocation of its own, which costs more. */
function escapedPages(pages: readonly string[]): Buffer {
  const quoted = pages.map((page) => JSON.stringify(page));
  const bytes = Buffer.allocUnsafe(quoted.reduce((sum, text) => sum + Buffer.byteLength(text), 0));
  let at = 0;
  // The closing quote of a page and the opening one of the next leave room for the two characters of an escaped `\n`.
  for (const text of quoted) {
    const end = at + bytes.write(text, at);
    if (at > 0) bytes.write("\\n", at - 1);
    at = end;
  }
  return bytes.subarray(1, Math.max(1, at - 1));
}

/** Parses a reply frame. A frame that is not a JSON object is itself the text. Never throws. */
export function readFrame(raw: string, { reply, uniqueId, mustEcho }: FrameRule): ReplyFrame | RefusedFrame {
  const single = reply === "single";
  if (!raw.trimStart().startsWith("{")) return plain(raw, single, mustEcho);
  if (jsonShape(raw, { depth: MAX_DEPTH }) === "deep") return { refused: "depth" };
  const frame = parseObject(raw);
  if (!frame) return plain(raw, single, mustEcho);

  const { type, citations } = frame;
  if (type === "error" || isError(frame["error"])) return reportedError(frame);
  const id = frame["unique_id"] ?? undefined;
  if (id === undefined ? mustEcho : id !== uniqueId && !(typeof id === "number" && String(id) === uniqueId))
    return { refused: "unique-id" };

  const text = TEXT_FIELDS.map((field) => frame[field]).find((value) => typeof value === "string");
  const cited = readCitations(citations);
  return {
    text,
    last: single || LAST_TYPES.has(type),
    whole: single || (type === "completed" && text !== undefined),
    json: true,
    echoed: id !== undefined,
    ...(cited ? { citations: cited } : {}),
  };
}

function plain(text: string, single: boolean, mustEcho: boolean): ReplyFrame | RefusedFrame {
  return mustEcho ? { refused: "unique-id" } : { text, last: single, whole: single, json: false, echoed: false };
}

/** Many engines always send an `error` field and leave it empty on success. */
function isError(value: unknown): boolean {
  if (typeof value === "object") return value !== null && Object.keys(value).length > 0;
  return Boolean(value);
}

/** The first of these fields that is a string is the error's text. */
const ERROR_FIELDS = ["message", "detail", "reason", "text", "content", "error", "code"];
const RETRY_FIELDS = ["retry", "retryable", "retry_after", "retryAfter", "retry_after_ms", "retryAfterMs"];

function reportedError(frame: Record<string, unknown>): RefusedFrame {
  const { error } = frame;
  const inner = typeof error === "object" && error !== null ? (error as Record<string, unknown>) : {};
  const texts = [error, ...ERROR_FIELDS.map((field) => inner[field]), ...ERROR_FIELDS.map((field) => frame[field])];
  const said = texts.find((text): text is string => typeof text === "string" && text !== "");
  const retry = RETRY_FIELDS.some((field) => Boolean(inner[field] ?? frame[field]));
  return { refused: "error", ...(said === undefined ? {} : { said }), ...(retry ? { retry: "again" } : {}) };
}

function parseObject(raw: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(raw) as Record<string, unknown>; // it begins with a brace, so it is an object or no JSON
  } catch {
    return undefined; // text that happens to begin with a brace
  }
}

function readCitations(value: unknown): EngineCitation[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const cited: EngineCitation[] = [];
  for (const item of value as unknown[]) {
    if (cited.length === MAX_CITATIONS) break;
    const { file, page } = (item ?? {}) as { file?: unknown; page?: unknown };
    if (isCount(file, 0) && isCount(page, 1)) cited.push({ file, page });
  }
  return cited;
}

function isCount(value: unknown, from: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= from;
}
