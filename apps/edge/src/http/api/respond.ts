import { ERRORS, type WireError } from "@docrelay/protocol";
import type { ServerResponse } from "node:http";

/** Sends a complete response as JSON, which no cache may store. */
export function sendJson(response: ServerResponse, status: number, body: object): void {
  sendJsonBytes(response, status, Buffer.from(JSON.stringify(body)));
}

/** Sends a complete response whose body is this JSON, which no cache may store. */
export function sendJsonBytes(response: ServerResponse, status: number, json: Buffer): void {
  const headers = { "content-type": "application/json", "cache-control": "no-store", "content-length": json.length };
  response.writeHead(status, headers).end(json);
}

/** Sends a complete response of this media type; a header tells browsers not to guess another type. */
export function sendText(response: ServerResponse, type: string, text: string): void {
  const bytes = Buffer.from(text);
  response
    .writeHead(200, {
      "content-type": `${type}; charset=utf-8`,
      "cache-control": "no-store",
      "content-length": bytes.length,
      "x-content-type-options": "nosniff",
    })
    .end(bytes);
}

/**
 * Sends an error as JSON, with the HTTP status that belongs to its code. If the response has begun already, cuts the
 * connection instead.
 */
export function sendError(response: ServerResponse, wire: WireError): void {
  if (response.headersSent) return void response.destroy();
  if (wire.retryAfterMs !== undefined) response.setHeader("retry-after", Math.ceil(wire.retryAfterMs / 1000));
  sendJson(response, ERRORS[wire.code].http, { error: wire });
}
