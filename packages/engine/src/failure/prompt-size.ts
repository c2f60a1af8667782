import { EngineError, failure } from "./engine-error.ts";

/**
 * Every server that was tested accepts a prompt of this many bytes. So if a connection breaks during a smaller prompt,
 * its size is not the reason.
 */
const ALWAYS_TAKEN_BYTES = 8192;

/**
 * Throws if a prompt is larger than the operator permits. Call it before sending. `limit` 0: any size is permitted.
 * @throws EngineError `prompt-size`
 */
export function checkPromptSize(bytes: number, limit: number): void {
  if (limit > 0 && bytes > limit) throw failure("prompt-size", { bytes, limit });
}

/**
 * Adds the prompt's size to a refusal of its size, and to the failure of a connection that ended while a large prompt was
 * sent.
 * A server that refuses a large message often closes the connection before its reason can be read. So if the connection
 * breaks a second time while the same large prompt is sent, this counts as a refusal of its size.
 */
export function withPromptSize(
  error: unknown,
  { bytes, isSent, brokeBefore }: { bytes: number; isSent: boolean; brokeBefore: boolean },
): unknown {
  if (!(error instanceof EngineError)) return error;
  const { said, retryAfterMs, retry, kind, why, message, cause } = error;
  const known = { said, cause, bytes };
  if (kind === "too-large") {
    const limit = limitIn(said ?? "", bytes);
    return new EngineError(why, { kind, retry, sentence: message }, { ...known, limit });
  }
  if (isSent || !why.startsWith("closed-") || bytes <= ALWAYS_TAKEN_BYTES) return error;
  if (brokeBefore) return failure("prompt-broken", known);
  return new EngineError(why, { kind, retry, sentence: message }, { ...known, retryAfterMs, whileSending: true });
}

/**
 * Finds the engine's size limit in the text of its refusal: the smallest number from 1,024 up to, but not including,
 * the prompt's `bytes`. Returns undefined if there is none.
 */
function limitIn(said: string, bytes: number): number | undefined {
  const numbers = (said.match(/\d+/g) ?? []).map(Number).filter((number) => number >= 1024 && number < bytes);
  return numbers.length > 0 ? Math.min(...numbers) : undefined;
}
