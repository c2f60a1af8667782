import { readUpload, type Store, type UploadState } from "@docrelay/channel";
import { cleanFileName, refuse } from "@docrelay/protocol";
import { createHash } from "node:crypto";
import { PassThrough } from "node:stream";
import { receiveFile, type ReceiveDeps } from "../../uploads/receive-file.ts";
import { readKey } from "./ask-request.ts";
import { hasBody } from "./body.ts";
import type { ApiCall } from "./call.ts";
import { sendJson } from "./respond.ts";

export interface PostUploadDeps extends ReceiveDeps {
  readonly store: Store;
}

/**
 * `POST /v1/uploads?name=`: stores the body as a finished upload, which later asks may name. `Idempotency-Key` is the
 * upload's id.
 * @throws Refusal
 */
export async function postUpload(deps: PostUploadDeps, call: ApiCall): Promise<void> {
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
  body.on("error", () => undefined); // the reader of the body handles the error
  request.pipe(body);
  try {
    const name = query.get("name") ?? "document.pdf";
    const known = "idempotency-key" in request.headers ? await readUpload(deps.store, user, upload) : undefined;
    if (known?.done) {
      await compare(known, { name, body });
      return sendJson(call.response, 200, { upload });
    }
    const type = (request.headers["content-type"] ?? "").slice(0, 255);
    const size = Number.isNaN(declared) ? undefined : declared;
    await receiveFile(deps, user, { upload, name, type, body, size, atMost: size ?? fileBytes }, signal);
    sendJson(call.response, 200, { upload });
  } finally {
    signal.removeEventListener("abort", abort);
    request.unpipe(body);
  }
}

/** Compares a file that was sent again under the id of a stored one. @throws Refusal `ASK_CONFLICT` if they differ */
async function compare(known: UploadState, { name, body }: { name: string; body: PassThrough }): Promise<void> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const bytes of body as AsyncIterable<Buffer>) {
    hash.update(bytes);
    size += bytes.length;
    if (size > known.size) break;
  }
  if (cleanFileName(name) !== known.name || size !== known.size || hash.digest("hex") !== known.sha256) {
    throw refuse("ASK_CONFLICT", { message: "This upload id names another file." });
  }
}
