import { EngineError, failure } from "./engine-error.ts";

/** Every server that was looked at takes this much. A connection that breaks under less has another reason. */
const ALWAYS_TAKEN_BYTES = 8192;

/** Refuses a prompt over the operator's limit before it is sent. 0: no limit. @throws EngineError `prompt-size` */
export function checkPromptSize(bytes: number, limit: number): void {
  if (limit > 0 && bytes > limit) throw failure("prompt-size", { bytes, limit });
}

/**
 * The failure of a connection that ended while it was sent a prompt or waited for its reply, with the prompt's size. A
 * server that refuses a large message often cuts the connection before its reason can be read: a second time in the middle
 * of a large prompt counts as such a refusal.
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

/** The engine's limit, if its reason for the refusal names one: a number of bytes below the prompt's size. */
function limitIn(said: string, bytes: number): number | undefined {
  const numbers = (said.match(/\d+/g) ?? []).map(Number).filter((number) => number >= 1024 && number < bytes);
  return numbers.length > 0 ? Math.min(...numbers) : undefined;
}
