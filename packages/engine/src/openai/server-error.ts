import { payloadFault } from "@docrelay/protocol";
import type { RetryAdvice } from "../failure/causes.ts";
import { cleanText } from "../failure/clean-text.ts";
import { badReply, failure, httpFailure, type EngineError } from "../failure/engine-error.ts";

/** An error that a server reports, in the body of an HTTP error or within a stream. */
export interface ServerError {
  readonly message: string;
  /** The name of the error, such as `context_length_exceeded`. Some servers send the HTTP status in place of a name. */
  readonly code: string | undefined;
  readonly type: string | undefined;
}

/**
 * Reads a server's error in its common forms: `{ error: { message, code, type } }`, `{ error: text }`, `{ message }`,
 * `{ detail }`. The message of an error in another form is its JSON. Returns undefined when `body` is not an object.
 */
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

/**
 * Returns the beginning of an error's JSON; an empty text when the error is nested too deeply or has too many parts.
 */
function asJson(value: unknown): string {
  return payloadFault(value) ? "" : JSON.stringify(value).slice(0, SAID_CHARS);
}

const SAID_CHARS = 500;
const CONTEXT_NAMES = new Set(["context_length_exceeded", "exceed_context_size_error", "string_above_max_length"]);
/**
 * Matches the sentences of vLLM, llama.cpp, LM Studio, LiteLLM, Ollama and hosted servers for a prompt that is too
 * long, because some of them send no name for this error.
 */
const CONTEXT_WORDS =
  /maximum context|context (?:length|window|size)|available context|prompt is too long|too many (?:input )?tokens|input is too long/i;

/** Whether an error means that the prompt has more tokens than the model accepts. */
export function isContextLength({ message, code, type }: ServerError): boolean {
  return CONTEXT_NAMES.has(code ?? "") || CONTEXT_NAMES.has(type ?? "") || CONTEXT_WORDS.test(message);
}

/**
 * HTTP statuses after which the server may have worked on the request, so that repeating the request costs another
 * answer.
 */
const TAKEN = new Set([500, 504]);

/** Returns the failure of a request to which the server responded with an HTTP error. */
export function statusFailure(
  status: number,
  error: ServerError | undefined,
  { retryAfter, secrets }: { retryAfter: string | undefined; secrets: readonly string[] },
): EngineError {
  const said = cleanText(error?.message ?? "", secrets);
  if (status === 413 || (error && status < 500 && isContextLength(error))) return promptTooLarge(said);
  // The account has no money left, so waiting does not help.
  const isSpent = error?.code === "insufficient_quota" || error?.type === "insufficient_quota";
  const retry = isSpent ? "never" : TAKEN.has(status) ? "again" : undefined;
  return httpFailure(status, { said, detail: said, retryAfter, retry });
}

const PASSING = new Set(["rate_limit_exceeded", "server_error", "overloaded_error", "internal_error", "api_error"]);

/**
 * Returns the failure of a call to which the server responded with 200, and then reported this error inside its
 * response.
 */
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
