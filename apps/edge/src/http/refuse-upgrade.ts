import { ERRORS, wireError, type ErrorCode, type WireError } from "@docrelay/protocol";
import type { Duplex } from "node:stream";

const CLOSE_MS = 2000;

/** Refuses an upgrade with an HTTP response that has the error as JSON, and closes the connection within 2 s. */
export function refuseUpgrade(
  socket: Duplex,
  code: ErrorCode,
  more?: Partial<Omit<WireError, "code" | "retryable">>,
): void {
  const body = JSON.stringify({ error: wireError(code, more) });
  const head = `HTTP/1.1 ${ERRORS[code].http} ${code}\r\nconnection: close\r\ncontent-type: application/json\r\n`;
  socket.end(`${head}x-content-type-options: nosniff\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  setTimeout(() => socket.destroy(), CLOSE_MS).unref(); // the client may not close its side
}
