import { errorOf, hasError } from "./chat-dialect.ts";
import { NOTHING, parseJson, type Dialect, type Piece } from "./piece.ts";
import { fieldsOf } from "./server-error.ts";
import { readUsage } from "./usage.ts";

const USAGE = { prompt: "input_tokens", answer: "output_tokens" };

/**
 * The Responses API. The server is told to store only a response that it computes in the background; docrelay itself
 * keeps the conversation.
 */
export const RESPONSES: Dialect = {
  path: "responses",
  body: ({ model, system, messages }) => ({
    ...(model === undefined ? {} : { model }),
    ...(system === undefined ? {} : { instructions: system }),
    input: messages.map(({ role, text }) => ({ role, content: text })),
    stream: true,
    store: false,
  }),
  readEvent({ event, data }) {
    if (data.trim() === "[DONE]") return { end: "whole" };
    const body = fieldsOf(parseJson(data));
    if (!body) return NOTHING;
    return { ...pieceOf(typeof body["type"] === "string" ? body["type"] : event, body), ...placeOf(body) };
  },
  readWhole(body) {
    const whole = fieldsOf(body);
    if (!whole) return NOTHING;
    if (whole["status"] === "failed" || hasError(whole)) return { error: errorOf(whole) };
    const end = whole["status"] === "incomplete" ? "cut" : "whole";
    return { text: outputText(whole["output"]), end, ...readUsage(whole["usage"], USAGE) };
  },
};

function pieceOf(type: string | undefined, body: Record<string, unknown>): Piece {
  switch (type) {
    case "response.output_text.delta":
    case "response.refusal.delta":
      return typeof body["delta"] === "string" ? { text: body["delta"] } : NOTHING;
    case "response.completed":
      return { end: "whole", ...usageOf(body) };
    case "response.incomplete":
      return { end: "cut", ...usageOf(body) };
    case "response.failed":
      return { error: errorOf(body["response"]) };
    case "error":
      return { error: errorOf(body) };
    default:
      return hasError(body) ? { error: errorOf(body) } : NOTHING;
  }
}

function usageOf({ response }: Record<string, unknown>): Pick<Piece, "usage"> {
  return readUsage(fieldsOf(response)?.["usage"], USAGE);
}

/**
 * Returns the id of a background response and the number of this event. Empty when the server does not support
 * `background`, or sends no id.
 */
function placeOf({ response, sequence_number: sequence }: Record<string, unknown>): Pick<Piece, "id" | "sequence"> {
  const { id, background } = fieldsOf(response) ?? {};
  return {
    ...(typeof id === "string" && background !== false ? { id } : {}),
    ...(Number.isSafeInteger(sequence) && (sequence as number) >= 0 ? { sequence: sequence as number } : {}),
  };
}

/** Returns the text of a whole response: the parts of all its messages, joined. */
function outputText(output: unknown): string {
  const items = Array.isArray(output) ? output.map(fieldsOf) : [];
  const parts = items.flatMap((item) => (Array.isArray(item?.["content"]) ? item["content"].map(fieldsOf) : []));
  return parts.map((part) => textOf(part)).join("");
}

function textOf(part: Record<string, unknown> | undefined): string {
  const text = part?.["text"] ?? part?.["refusal"];
  return typeof text === "string" ? text : "";
}
