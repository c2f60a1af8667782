import { ERRORS, type OpenAiError, type WireError } from "@docrelay/protocol";
import type { ServerResponse } from "node:http";
import { sendJson } from "../api/respond.ts";

const PATH = /^\/v1\/(chat\/completions|models|responses|files)(\/|$)/;
/**
 * The longest wait after which clients are told to retry. OpenAI's clients ignore a longer wait in `retry-after`, and
 * retry within a second.
 */
const MAX_RETRY_AFTER_MS = 60_000;

/** Whether the clients of a path expect errors in OpenAI's form. */
export function isOpenAiPath(path: string): boolean {
  return PATH.test(path);
}

export function toOpenAiError({ code, message }: WireError): OpenAiError {
  return { error: { message, type: typeOf(ERRORS[code].http), code } };
}

function typeOf(status: number): string {
  if (status >= 500) return "server_error";
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  return status === 429 ? "rate_limit_error" : "invalid_request_error";
}

/**
 * Sends a refusal in OpenAI's form. OpenAI's clients send a request again after 408, 409, 429 and 5xx unless the header
 * `x-should-retry` is `false`. The header is `false` for errors that no retry within a minute can mend; for a failed
 * ask, which docrelay has retried already and which fails again under the same key; and for a bad token, because a
 * client has only one.
 */
export function sendOpenAiError(response: ServerResponse, wire: WireError): void {
  if (response.headersSent) return void response.destroy();
  const { code, retryable, retryAfterMs = 0 } = wire;
  if (retryAfterMs > 0) response.setHeader("retry-after", Math.ceil(retryAfterMs / 1000));
  const isInVain = /^(AUTH_|ENGINE_|ASK_|PDF_)/.test(code);
  response.setHeader("x-should-retry", String(retryable && !isInVain && retryAfterMs <= MAX_RETRY_AFTER_MS));
  sendJson(response, ERRORS[code].http, toOpenAiError(wire));
}
