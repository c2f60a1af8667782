import { refuse } from "@docrelay/protocol";
import type { IncomingMessage } from "node:http";
import type { ApiCall } from "./call.ts";

/**
 * Reads the whole body of a request into memory. After an error the rest is left unread. `advice` is added to the
 * message of a refusal. @throws Refusal `PAYLOAD_TOO_LARGE` as soon as more than `most` bytes are declared or have
 * arrived; the reason of the call's signal.
 */
export function readBody(
  { request, signal }: ApiCall,
  most: number,
  advice = "Send large files as multipart/form-data.",
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const settle = (then: () => void): void => {
      request.off("data", take).off("end", end);
      signal.removeEventListener("abort", abort);
      then();
    };
    const abort = (): void => settle(() => reject(signal.reason as Error));
    const tooLarge = (): void => {
      const message = `The body has more than ${most} bytes. ${advice}`;
      settle(() => reject(refuse("PAYLOAD_TOO_LARGE", { reason: "frame", message })));
    };
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > most) tooLarge();
    };
    const end = (): void => settle(() => resolve(Buffer.concat(chunks)));
    if (signal.aborted) return abort();
    if (Number(request.headers["content-length"] ?? 0) > most) return tooLarge();
    signal.addEventListener("abort", abort, { once: true });
    request.on("data", take).on("end", end);
  });
}

const BODY_IDLE_MS = 30_000;

/** Ends a call when no byte of its body has arrived between two checks, which are half a minute apart. */
export function watchBody(call: ApiCall): void {
  const { request, response } = call;
  if (request.complete || !hasBody(request)) return;
  let bytes = request.socket.bytesRead;
  const timer = setInterval(() => {
    if (request.complete) return clearInterval(timer);
    // While a chunk waits in the upload queue, the body is not read either; but no chunk waits as long as the time
    // between two checks. So the client has stopped sending.
    if (request.socket.bytesRead === bytes) call.end(refuse("IDLE_TIMEOUT"));
    bytes = request.socket.bytesRead;
  }, BODY_IDLE_MS);
  timer.unref();
  response.once("close", () => clearInterval(timer));
}

export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
