import { payloadFault } from "@docrelay/protocol";
import type { RetryAdvice } from "../failure/causes.ts";
import { cleanText } from "../failure/clean-text.ts";
import { badReply, failure, httpFailure, type EngineError } from "../failure/engine-error.ts";

/** A server's error, from the body of an HTTP error or from within a stream. */
export interface ServerError {
  readonly message: string;
  /** A name such as `context_length_exceeded`. Some servers put the HTTP status here. */
  readonly code: string | undefined;
  readonly type: string | undefined;
}

/** Reads the common forms: `{ error: { message, code, type } }`, `{ error: text }`, `{ message }`, `{ detail }`. */
export function readServerError(body: unknown): ServerError | undefined {
  const outer = fieldsOf(body);
  if (!outer) return undefined;
  const { error } = outer;
  if (typeof error === "string") return { message: error, code: textOf(outer["code"]), type: textOf(outer["type"]) };
  const inner = fieldsOf(error) ?? outer;
  const message = inner["message"] ?? inner["detail"];
  return {
    message: typeof message === "string" ? message : asJson(message ?? inner),
    code: textOf(inner["code"]),
    type: textOf(inner["type"]),
  };
}

/** An error in an unknown form, as JSON; empty when it is too deep or too long to be serialised. */
function asJson(value: unknown): string {
  return payloadFault(value) ? "" : JSON.stringify(value).slice(0, SAID_CHARS);
}

const SAID_CHARS = 500;
const CONTEXT_NAMES = new Set(["context_length_exceeded", "exceed_context_size_error", "string_above_max_length"]);
/**
 * Matches error sentences of vLLM, llama.cpp, LM Studio, LiteLLM, Ollama and hosted servers that send no error name.
 */
const CONTEXT_WORDS =
  /maximum context|context (?:length|window|size)|available context|prompt is too long|too many (?:input )?tokens|input is too long/i;

/** Whether an error means that the prompt has more tokens than the model accepts. */
export function isContextLength({ message, code, type }: ServerError): boolean {
  return CONTEXT_NAMES.has(code ?? "") || CONTEXT_NAMES.has(type ?? "") || CONTEXT_WORDS.test(message);
}

/** Statuses after which the server may have worked on the request, so repeating it costs another call. */
const TAKEN = new Set([500, 504]);

/** The failure of a request that got an HTTP error. */
export function statusFailure(
  status: number,
  error: ServerError | undefined,
  { retryAfter, secrets }: { retryAfter: string | undefined; secrets: readonly string[] },
): EngineError {
  const said = cleanText(error?.message ?? "", secrets);
  if (status === 413 || (error && status < 500 && isContextLength(error))) return promptTooLarge(said);
  // A used-up budget does not come back by waiting.
  const isSpent = error?.code === "insufficient_quota" || error?.type === "insufficient_quota";
  const retry = isSpent ? "never" : TAKEN.has(status) ? "again" : undefined;
  return httpFailure(status, { said, detail: said, retryAfter, retry });
}

const PASSING = new Set(["rate_limit_exceeded", "server_error", "overloaded_error", "internal_error", "api_error"]);

/** The failure of a reply in which the server reported an error. */
export function streamFailure(error: ServerError, secrets: readonly string[]): EngineError {
  const said = cleanText(error.message, secrets);
  if (isContextLength(error)) return promptTooLarge(said);
  return badReply("error", { said, detail: said, retry: adviceOf(error) });
}

function adviceOf({ code, type }: ServerError): RetryAdvice {
  const status = Number(code);
  const isPassing = PASSING.has(code ?? "") || PASSING.has(type ?? "") || status === 429 || status >= 500;
  return isPassing ? "again" : "never";
}

function promptTooLarge(said: string | undefined): EngineError {
  return failure("prompt-context", { said, detail: said });
}

export function fieldsOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}
