import { NOTHING, parseJson, type Dialect, type Piece } from "./piece.ts";
import { fieldsOf, readServerError } from "./server-error.ts";
import { readUsage } from "./usage.ts";

const USAGE = { prompt: "prompt_tokens", answer: "completion_tokens" };

/** The Chat Completions API, as hosted and local servers implement it. */
export const CHAT: Dialect = {
  path: "chat/completions",
  body: ({ model, system, messages }) => ({
    ...(model === undefined ? {} : { model }),
    messages: [
      ...(system === undefined ? [] : [{ role: "system", content: system }]),
      ...messages.map(({ role, text }) => ({ role, content: text })),
    ],
    stream: true,
  }),
  readEvent({ event, data }) {
    if (data.trim() === "[DONE]") return { end: "whole" };
    const chunk = fieldsOf(parseJson(data));
    if (!chunk) return NOTHING;
    if (event === "error" || hasError(chunk)) return { error: errorOf(chunk) };
    return { ...readChoice(chunk, "delta"), ...readUsage(chunk["usage"], USAGE) };
  },
  readWhole(body) {
    const whole = fieldsOf(body);
    if (!whole) return NOTHING;
    if (hasError(whole)) return { error: errorOf(whole) };
    const { text = "", end = "whole" } = readChoice(whole, "message");
    return { text, end, ...readUsage(whole["usage"], USAGE) };
  },
};

/**
 * Reads the text of a chunk. Two kinds of chunk add no text: one that reports usage has no choice, and the first one
 * often has no content.
 */
function readChoice(chunk: Record<string, unknown>, field: "delta" | "message"): Piece {
  const { choices } = chunk;
  const choice = Array.isArray(choices) ? fieldsOf(choices[0]) : undefined;
  if (!choice) return NOTHING;
  const { content, refusal } = fieldsOf(choice[field]) ?? {};
  const text = typeof content === "string" && content !== "" ? content : refusal;
  const end = endOf(choice["finish_reason"]);
  return { ...(typeof text === "string" && text !== "" ? { text } : {}), ...(end ? { end } : {}) };
}

function endOf(reason: unknown): Piece["end"] {
  if (typeof reason !== "string" || reason === "") return undefined;
  return reason === "length" || reason === "content_filter" ? "cut" : "whole";
}

export function hasError({ error }: Record<string, unknown>): boolean {
  return error !== undefined && error !== null && error !== false && error !== "";
}

export function errorOf(chunk: unknown): NonNullable<Piece["error"]> {
  return readServerError(chunk) ?? { message: "", code: undefined, type: undefined };
}
