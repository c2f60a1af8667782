import { refuse } from "@docrelay/protocol";
import type { IncomingMessage, ServerResponse } from "node:http";
import { originAllowed, type Origins } from "./origin.ts";

/** What follows `x-stainless-` in the names of the headers that OpenAI's client adds to each request. */
const OPENAI_HEADERS = ["lang", "package-version", "os", "arch", "runtime", "runtime-version", "retry-count", "timeout"]
  .map((name) => `, x-stainless-${name}`)
  .join("");
const REQUEST_HEADERS = `authorization, content-type, idempotency-key, if-range, last-event-id, range, traceparent${OPENAI_HEADERS}, x-stainless-helper-method, x-stainless-poll-helper`;

/**
 * Sets the CORS headers with which a page of an allowed origin can read the response. A page of another origin gets no
 * data, only the refusal, which it can read. If the browser sends a preflight first, the preflight is refused, and the
 * page cannot read the reason. @throws Refusal `ORIGIN_DENIED`
 */
export function allowOrigin(
  origins: Origins,
  { headers, method }: IncomingMessage,
  response: ServerResponse,
  methods: string,
): void {
  response.setHeader("vary", "origin");
  if (headers.origin === undefined) return;
  const isAllowed = originAllowed(headers, origins);
  if (!isAllowed && method === "OPTIONS") throw refuse("ORIGIN_DENIED");
  response.setHeader("access-control-allow-origin", isAllowed ? headers.origin : "*");
  response.setHeader("access-control-allow-headers", REQUEST_HEADERS);
  response.setHeader("access-control-expose-headers", "content-range, etag, retry-after");
  response.setHeader("access-control-allow-methods", methods);
  response.setHeader("access-control-max-age", "600");
  if (!isAllowed) throw refuse("ORIGIN_DENIED");
}
