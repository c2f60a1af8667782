import { refuse } from "@docrelay/protocol";
import type { IncomingMessage, ServerResponse } from "node:http";
import { originAllowed } from "./origin.ts";

const REQUEST_HEADERS = "authorization, content-type, idempotency-key, last-event-id";

/** Lets a page of an allowed origin read the response. @throws Refusal `ORIGIN_DENIED` */
export function allowOrigin(
  origins: readonly string[],
  { headers }: IncomingMessage,
  response: ServerResponse,
  methods: string,
): void {
  response.setHeader("vary", "origin");
  if (!originAllowed(headers, origins)) throw refuse("ORIGIN_DENIED");
  if (headers.origin === undefined) return;
  response.setHeader("access-control-allow-origin", headers.origin);
  response.setHeader("access-control-allow-headers", REQUEST_HEADERS);
  response.setHeader("access-control-expose-headers", "retry-after");
  response.setHeader("access-control-allow-methods", methods);
  response.setHeader("access-control-max-age", "600");
}
