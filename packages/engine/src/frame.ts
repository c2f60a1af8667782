import { jsonShape } from "@docrelay/protocol";
import type { EngineCitation } from "./engine.ts";
import type { Prompt } from "./prompt.ts";

export interface FrameRule {
  readonly uniqueId: string;
  /**
   * Whether a frame without the ask's `unique_id` is refused, because on this connection it may belong to another
   * user's ask.
   */
  readonly mustEcho: boolean;
  /**
   * The names of fields that may contain the text. The first one that contains a string is used. `a.0.b` names the
   * field `b` of the first item of the list `a`.
   */
  readonly textFields: readonly string[];
}

export interface ReplyFrame {
  readonly text: string | undefined;
  /**
   * What the frame says about the reply.
   * - `end`: the reply ends here.
   * - `whole`: the reply ends here, and `text` is all of it.
   * - `more`: the frame is a part of a stream.
   * - `status`: the frame is not part of the reply; `text` is undefined.
   * - `none`: the frame may be a part of the reply, or all of it.
   */
  readonly sign: "end" | "whole" | "more" | "status" | "none";
  readonly json: boolean;
  /** Whether the frame contains the ask's `unique_id`. */
  readonly echoed: boolean;
  readonly citations?: readonly EngineCitation[];
  readonly suggestions?: readonly string[];
}

export interface RefusedFrame {
  readonly refused: "error" | "unique-id" | "depth";
  /** The text of the error that the engine reports, unchanged. */
  readonly said?: string;
  /** Set if the frame itself states that the call may be repeated. */
  readonly retry?: "again";
}

/** The names of fields in which engines send their text. The last name is that of chat completion chunks. */
export const TEXT_FIELDS = ["message", "response", "reply", "text", "content", "delta", "choices.0.delta.content"];
/** The names of {@link TEXT_FIELDS} whose fields contain a piece of a reply, and never a whole reply. */
const PIECE_FIELDS: ReadonlySet<string> = new Set(["delta", "choices.0.delta.content"]);
const LAST_TYPES: ReadonlySet<unknown> = new Set(["end", "done", "completed"]);
const PIECE_TYPES: ReadonlySet<unknown> = new Set(["start", "delta", "chunk", "token", "partial", "stream"]);
const STATUS_TYPES: ReadonlySet<unknown> = new Set([
  ...["status", "progress", "queued", "processing", "typing", "thinking", "reasoning", "usage"],
  ...["ack", "ping", "pong", "heartbeat", "keepalive", "keep-alive", "keep_alive"],
]);
/** Matches the text with which some engines end a stream of chat completion chunks over WebSocket. */
const DONE = /^\s*(?:data:\s*)?\[DONE\]\s*$/;
const MAX_CITATIONS = 50;
const MAX_SUGGESTIONS = 5;
const MAX_SUGGESTION_CHARS = 200;
/**
 * How deeply a frame may be nested. A frame may be forwarded and serialised again, and deeper values would overflow the
 * stack.
 */
const MAX_DEPTH = 64;

/**
 * The pages of files as JSON; an entry is kept as long as its array of pages exists. Escaping 50 pages takes longer
 * than everything else in sending an ask.
 */
const written = new WeakMap<readonly string[], Buffer>();

/**
 * Returns the frame with the prompt, which is sent to the engine: JSON in UTF-8, byte for byte as the original system
 * sends it.
 */
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

/**
 * Returns the pages joined by `\n`, as JSON. Pages are escaped one by one, because a joined string of more than 128 KiB
 * would be an allocation of its own, which takes longer.
 */
function escapedPages(pages: readonly string[]): Buffer {
  const quoted = pages.map((page) => JSON.stringify(page));
  const bytes = Buffer.allocUnsafe(quoted.reduce((sum, text) => sum + Buffer.byteLength(text), 0));
  let at = 0;
  // Each page is written with its quotation marks, directly after the page before it. Then `\n` overwrites the two
  // quotation marks between the pages: an escaped line break also has two characters.
  for (const text of quoted) {
    const end = at + bytes.write(text, at);
    if (at > 0) bytes.write("\\n", at - 1);
    at = end;
  }
  return bytes.subarray(1, Math.max(1, at - 1));
}

/** Parses a frame of a reply. If the frame is not a JSON object, all of it is the text. Never throws. */
export function readFrame(raw: string, { uniqueId, mustEcho, textFields }: FrameRule): ReplyFrame | RefusedFrame {
  const trimmed = raw.trim(); // also removes a byte order mark and no-break spaces, at which JSON.parse would fail
  if (!trimmed.startsWith("{")) return plain(raw, mustEcho);
  if (jsonShape(trimmed, { depth: MAX_DEPTH }) === "deep") return { refused: "depth" };
  const frame = parseObject(trimmed);
  if (!frame) return plain(raw, mustEcho);

  const { type, citations, suggestions } = frame;
  if (type === "error" || isError(frame["error"])) return reportedError(frame);
  const isStatus = STATUS_TYPES.has(type);
  const id = frame["unique_id"] ?? undefined;
  if (
    id === undefined ? mustEcho && !isStatus : id !== uniqueId && !(typeof id === "number" && String(id) === uniqueId)
  )
    return { refused: "unique-id" };
  const echoed = id !== undefined;
  if (isStatus) return { text: undefined, sign: "status", json: true, echoed };

  const field = textFields.find((path) => typeof fieldOf(frame, path) === "string");
  const text = field === undefined ? undefined : (fieldOf(frame, field) as string);
  const cited = readCitations(citations);
  const suggested = readSuggestions(suggestions);
  const more = { ...(cited ? { citations: cited } : {}), ...(suggested ? { suggestions: suggested } : {}) };
  return { text, sign: signOf(type, text, field), json: true, echoed, ...more };
}

function signOf(type: unknown, text: string | undefined, field: string | undefined): ReplyFrame["sign"] {
  if (LAST_TYPES.has(type)) return type === "completed" && text !== undefined ? "whole" : "end";
  return PIECE_TYPES.has(type) || (field !== undefined && PIECE_FIELDS.has(field)) ? "more" : "none";
}

/** Whether a frame contains no part of a reply: it is empty, or reports the engine's state. */
export function isNoise(raw: string): boolean {
  if (raw === "") return true;
  if (!raw.trim().startsWith("{")) return false;
  const frame = parseObject(raw.trim());
  return frame !== undefined && STATUS_TYPES.has(frame["type"]);
}

/**
 * Returns the value of a field by a path such as `a.0.b`. If a field has the whole path as its name, that field is
 * used.
 */
function fieldOf(frame: Record<string, unknown>, path: string): unknown {
  if (Object.hasOwn(frame, path)) return frame[path];
  if (!path.includes(".")) return undefined;
  let value: unknown = frame;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function plain(text: string, mustEcho: boolean): ReplyFrame | RefusedFrame {
  if (text === "") return { text: undefined, sign: "status", json: false, echoed: false };
  if (mustEcho) return { refused: "unique-id" };
  return DONE.test(text)
    ? { text: undefined, sign: "end", json: false, echoed: false }
    : { text, sign: "none", json: false, echoed: false };
}

/**
 * Whether the value of an `error` field reports an error: many engines always send the field, and leave it empty on
 * success.
 */
function isError(value: unknown): boolean {
  if (typeof value === "object") return value !== null && Object.keys(value).length > 0;
  return Boolean(value);
}

/** The names of fields that may contain an error's text. The first one that contains a string is used. */
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
    return JSON.parse(raw) as Record<string, unknown>; // as the text begins with a brace, this is an object or invalid JSON
  } catch {
    return undefined; // the text is not JSON, it only begins with a brace
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

/** Returns the suggested questions, each in one line. */
function readSuggestions(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const lines = (value as unknown[]).flatMap((one) =>
    typeof one === "string"
      ? [
          one
            .toWellFormed()
            .replaceAll(/[\p{Cc}\s]+/gu, " ")
            .trim(),
        ]
      : [],
  );
  const fitting = lines.filter((line) => line !== "" && line.length <= MAX_SUGGESTION_CHARS);
  return fitting.length === 0 ? undefined : [...new Set(fitting)].slice(0, MAX_SUGGESTIONS);
}

function isCount(value: unknown, from: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= from;
}
