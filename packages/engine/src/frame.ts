import { EngineError, type EngineCitation } from "./engine.ts";

/** How an engine replies: with one frame, or with a stream of them that ends with `end`, `done` or `completed`. */
export type ReplyMode = "single" | "stream";

/** A frame of the engine, understood. `whole`: its text is the whole reply so far and not a piece of it. */
export interface ReplyFrame {
  readonly text: string | undefined;
  readonly last: boolean;
  readonly whole: boolean;
  readonly json: boolean;
  readonly citations?: readonly EngineCitation[];
}

const TEXT_FIELDS = ["message", "response", "reply", "text", "content", "delta"];
const MAX_CITATIONS = 50;

/** The request as it goes over the wire: the frame of the original system. */
export function askFrame(message: string, uniqueId: string): string {
  return JSON.stringify({ message, type: "chat", unique_id: uniqueId });
}

/**
 * Reads a reply frame. One that is not a JSON object is itself the text.
 * @throws EngineError `bad-reply`: an error frame, or one with another ask's `unique_id`.
 */
export function readFrame(raw: string, mode: ReplyMode, uniqueId: string): ReplyFrame {
  const frame = parseObject(raw);
  if (!frame) return { text: raw, last: mode === "single", whole: mode === "single", json: false };
  const type = frame["type"];
  if (type === "error" || (frame["error"] !== undefined && frame["error"] !== null && frame["error"] !== false)) {
    throw new EngineError("bad-reply", "the engine replied with an error", { reason: "error" });
  }
  const id = frame["unique_id"];
  if (typeof id === "string" && id !== uniqueId) {
    throw new EngineError("bad-reply", "the engine replied to another ask", { reason: "unique-id" });
  }
  const text = TEXT_FIELDS.map((field) => frame[field]).find((value) => typeof value === "string");
  const last = mode === "single" || type === "end" || type === "done" || type === "completed";
  const citations = readCitations(frame["citations"]);
  const whole = mode === "single" || (type === "completed" && text !== undefined);
  return { text, last, whole, json: true, ...(citations ? { citations } : {}) };
}

function parseObject(raw: string): Record<string, unknown> | undefined {
  if (!raw.trimStart().startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(raw);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // text that happens to begin with a brace
  }
}

function readCitations(value: unknown): EngineCitation[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const fits = (item: unknown): item is EngineCitation =>
    item !== null && typeof item === "object" && "file" in item && "page" in item && isCount(item.file, 0) && isCount(item.page, 1);
  return value.slice(0, MAX_CITATIONS).filter(fits).map(({ file, page }) => ({ file, page }));
}

function isCount(value: unknown, from: number): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= from;
}
