import { jsonShape } from "@docrelay/protocol";
import type { EngineCitation } from "./engine.ts";
import type { Prompt } from "./prompt.ts";

/** How an engine replies: with one frame, or with a stream of them that ends with `end`, `done` or `completed`. */
export type ReplyMode = "single" | "stream";

export interface FrameRule {
  readonly reply: ReplyMode;
  /** What the ask was sent with. */
  readonly uniqueId: string;
  /** A frame without its ask's `unique_id` is refused: on this connection it could be somebody else's. */
  readonly mustEcho: boolean;
}

/** A frame of the engine, understood. */
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
}

/** In this order: the first that is a string is the text. */
const TEXT_FIELDS = ["message", "response", "reply", "text", "content", "delta"];
const LAST_TYPES: ReadonlySet<unknown> = new Set(["end", "done", "completed"]);
const MAX_CITATIONS = 50;
/** A frame may be forwarded, and written again on the way: what is deeper takes a serializer's stack down. */
const MAX_DEPTH = 64;

/** Pages as they stand in a frame; gone when they are. To write 50 of them takes longer than all else about an ask. */
const written = new WeakMap<readonly string[], Buffer>();

/** The request as it goes over the wire, JSON in UTF-8: the frame of the original system. */
export function askFrame(message: Prompt, uniqueId: string): Buffer {
  const parts = typeof message === "string" ? [message] : message;
  const end = `","type":"chat","unique_id":${JSON.stringify(uniqueId)}}`;
  return Buffer.concat([Buffer.from('{"message":"'), ...parts.map(inJson), Buffer.from(end)]);
}

function inJson(part: string | readonly string[]): Buffer {
  if (typeof part === "string") return escaped(part);
  const known = written.get(part) ?? escaped(part.join("\n"));
  written.set(part, known);
  return known;
}

function escaped(text: string): Buffer {
  return Buffer.from(JSON.stringify(text).slice(1, -1));
}

/** Reads a reply frame. One that is not a JSON object is itself the text. Never throws. */
export function readFrame(raw: string, { reply, uniqueId, mustEcho }: FrameRule): ReplyFrame | RefusedFrame {
  const single = reply === "single";
  if (!raw.trimStart().startsWith("{")) return plain(raw, single, mustEcho);
  if (jsonShape(raw, { depth: MAX_DEPTH }) === "deep") return { refused: "depth" };
  const frame = parseObject(raw);
  if (!frame) return plain(raw, single, mustEcho);

  const { type, error, citations } = frame;
  // Many engines always have the field, and nothing in it when all is well.
  const failed = type === "error" || !(error === undefined || error === null || error === false || error === "");
  if (failed) return { refused: "error" };
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

function parseObject(raw: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(raw) as Record<string, unknown>; // it begins with a brace: an object or nothing
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
