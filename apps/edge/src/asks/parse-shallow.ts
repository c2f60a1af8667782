import { jsonShape, PAYLOAD_DEPTH, refuse } from "@docrelay/protocol";

const BOUNDS = {
  depth: PAYLOAD_DEPTH + 1,
  /**
   * The most values and keys of one message: far more than a valid message has. Parsed JSON may take many times the
   * memory of its text, and a thread that reaches its memory limit inside the parser ends the whole process.
   */
  parts: 10_000,
};

/**
 * Parses JSON from a client. The depth and the number of parts are checked first, because the parser uses memory for
 * each level and each part.
 * @throws Refusal `BAD_MESSAGE`
 */
export function parseShallow(text: Buffer, depth = BOUNDS.depth): unknown {
  const shape = jsonShape(text, { ...BOUNDS, depth });
  if (shape === "deep") throw refuse("BAD_MESSAGE", { reason: "depth", message: "The message is nested too deeply." });
  if (shape === "many") throw refuse("BAD_MESSAGE", { reason: "schema", message: "The message has too many parts." });
  try {
    return JSON.parse(text.toString("utf8"));
  } catch {
    throw refuse("BAD_MESSAGE", { reason: "json", message: "The message is not JSON." });
  }
}
