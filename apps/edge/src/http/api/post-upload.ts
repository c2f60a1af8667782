import { refuse } from "@docrelay/protocol";
import { PassThrough } from "node:stream";
import { receiveFile, type ReceiveDeps } from "../../uploads/receive-file.ts";
import { readKey } from "./ask-request.ts";
import { hasBody } from "./body.ts";
import type { ApiCall } from "./call.ts";
import { sayJson } from "./say.ts";

/**
 * `POST /v1/uploads?name=`: stores the body as a finished upload, which asks may name. `Idempotency-Key` is its id.
 * @throws Refusal
 */
export async function postUpload(deps: ReceiveDeps, call: ApiCall): Promise<void> {
  const { request, signal, query, user } = call;
  const upload = readKey(request);
  const declared = Number(request.headers["content-length"] ?? Number.NaN);
  const { fileBytes } = deps.limits;
  if (declared > fileBytes) {
    const message = `The file has ${declared} bytes; ${fileBytes} are allowed.`;
    throw refuse("PAYLOAD_TOO_LARGE", { reason: "file", message });
  }
  if (!hasBody(request)) throw refuse("FILE_TYPE_UNSUPPORTED", { message: "The file is empty." });
  const body = new PassThrough();
  const abort = (): void => void body.destroy(signal.reason as Error);
  signal.addEventListener("abort", abort, { once: true });
  body.on("error", () => undefined); // told by the reader
  request.pipe(body);
  try {
    const name = query.get("name") ?? "document.pdf";
    const type = (request.headers["content-type"] ?? "").slice(0, 255);
    const atMost = Number.isNaN(declared) ? fileBytes : declared;
    await receiveFile(deps, user, { upload, name, type, body, atMost }, signal);
    sayJson(call.response, 200, { upload });
  } finally {
    signal.removeEventListener("abort", abort);
    request.unpipe(body);
  }
}
