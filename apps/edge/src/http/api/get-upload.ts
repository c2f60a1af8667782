import { readText, readUpload, type UploadState } from "@docrelay/channel";
import { Refusal, refuse, wireError } from "@docrelay/protocol";
import { setTimeout as sleep } from "node:timers/promises";
import type { ExtractionDeps } from "../../uploads/extraction.ts";
import { failureOf, readUploadStatus } from "../../uploads/upload-status.ts";
import type { OwnFiles } from "../../uploads/own-files.ts";
import type { Uploads } from "../../uploads/uploads.ts";
import { parseRange } from "../../uploads/byte-range.ts";
import type { ApiCall } from "./call.ts";
import { sendJson, sendText } from "./respond.ts";
import { sendStream } from "./watch-reader.ts";

export interface UploadDeps extends ExtractionDeps {
  readonly uploads: Uploads;
  readonly ownFiles: OwnFiles;
}

export type DropDeps = Pick<UploadDeps, "uploads" | "ownFiles">;
type Finished = Required<UploadState>;
const TEXT_WAIT_MS = 30_000;
const TEXT_LOOK_MS = 200;

/** Finds the finished upload that the path names. @throws Refusal `NOT_FOUND`, also when another user owns it */
async function find({ store }: UploadDeps, { user, params }: ApiCall): Promise<Finished> {
  const upload = await readUpload(store, user, params[0] ?? "");
  if (!upload?.done || upload.sha256 === undefined || upload.text === undefined) throw refuse("NOT_FOUND");
  return upload as Finished;
}

/**
 * `GET /v1/uploads/:id/text`: the text of a file. While the text is being extracted, the request waits for up to half a
 * minute. JSON (by `Accept`) has an array of pages and a list of missing pages. Markdown (by `format`) has a heading
 * for each page, and for a missing page the reason. Plain text has only the pages.
 * @throws Refusal `NOT_FOUND`, `BUSY` after the wait, `RESUME_LOST` when the file is no longer kept, or the code of the
 * extraction's failure
 */
export async function getUploadText(deps: UploadDeps, call: ApiCall): Promise<void> {
  const { text: key } = await find(deps, call);
  const format = call.query.get("format") ?? "text";
  if (format !== "text" && format !== "markdown") {
    throw refuse("BAD_MESSAGE", { reason: "schema", message: "`format` is text or markdown." });
  }
  const until = performance.now() + TEXT_WAIT_MS;
  let outcome = await readText(deps.store, key);
  if (!outcome) {
    // Reading the status also queues the extraction if it is not queued yet: the end of an upload queues none for a
    // user with many waiting extractions.
    const read = await readUploadStatus(deps, call.user, call.params[0] ?? "");
    const error = read?.status.error;
    if (error) throw error.code === "NOT_FOUND" ? gone(error.message) : new Refusal(error);
  }
  while (!outcome && performance.now() < until) {
    await sleep(TEXT_LOOK_MS, undefined, { signal: call.signal }).catch(() => call.signal.throwIfAborted());
    outcome = await readText(deps.store, key);
  }
  if (!outcome) throw refuse("BUSY", { retryAfterMs: 1000, message: "The file's text is not there yet." });
  if (outcome.kind === "failed") throw new Refusal(failureOf(outcome));
  const { pages, missing, ocr, truncated } = outcome;
  if (wantsJson(call)) return sendJson(call.response, 200, { pages, missing, ocr, truncated });
  if (format === "text") return sendText(call.response, "text/plain", pages.join("\n"));
  const reasons = new Map(missing.map(({ page, reason }) => [page, `*Not read: ${reason}*`]));
  const titled = pages.map((page, index) => {
    const why = reasons.get(index + 1);
    return [`## Page ${index + 1}`, ...(why === undefined ? [page] : [page, why].filter(Boolean))].join("\n\n");
  });
  sendText(call.response, "text/markdown", `${titled.join("\n\n")}\n`);
}

function wantsJson({ request }: ApiCall): boolean {
  return /\bapplication\/json\b/i.test(request.headers.accept ?? "");
}

function gone(message: string): Refusal {
  return new Refusal({ ...wireError("RESUME_LOST", { message }), retryable: false });
}

/**
 * `GET /v1/uploads/:id`: the bytes of a file, or a range of them, as long as they are kept. The bytes of most files are
 * released when their text is stored. @throws Refusal `NOT_FOUND`, `RESUME_LOST` when the bytes are no longer kept
 */
export async function getUploadBytes(deps: UploadDeps, call: ApiCall): Promise<void> {
  const { response, request } = call;
  const upload = await find(deps, call);
  const { size, ref, sha256 } = upload;
  if (!(await deps.blobs.exists(ref))) {
    throw gone("The file's bytes are no longer kept.");
  }
  const etag = `"${sha256}"`;
  const isSame = [undefined, etag].includes(request.headers["if-range"]?.toString());
  const range = isSame ? parseRange(request.headers.range, size) : undefined;
  response.setHeader("accept-ranges", "bytes");
  if (range === "unsatisfiable") {
    response.writeHead(416, { "content-range": `bytes */${size}` }).end();
    return;
  }
  const { from, to } = range ?? { from: 0, to: size };
  response.writeHead(range ? 206 : 200, {
    "content-type": "application/pdf",
    "content-length": to - from,
    "content-disposition": `attachment; filename*=UTF-8''${encodeName(upload.name)}`,
    "cache-control": "private, no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "sandbox; default-src 'none'",
    etag,
    ...(range ? { "content-range": `bytes ${from}-${to - 1}/${size}` } : {}),
  });
  await sendStream(call, deps.blobs.read(ref, { from, to }));
}

/**
 * `DELETE /v1/uploads/:id`: removes a file, so that no new ask can name it. Its text and bytes are removed too, unless
 * another upload uses them. If an unfinished ask still needs them, they stay until that ask has ended.
 * @throws Refusal `NOT_FOUND`
 */
export async function removeUpload(deps: DropDeps, call: ApiCall): Promise<void> {
  await dropUpload(deps, call);
  call.response.writeHead(204).end();
}

/** Removes the upload that the path names, finished or not; returns its id. @throws Refusal `NOT_FOUND` */
export async function dropUpload({ ownFiles, uploads }: DropDeps, { user, params }: ApiCall): Promise<string> {
  const [id = ""] = params;
  const isDropped = await uploads.abandon(user, id);
  if (!(await ownFiles.remove(user, id)) && !isDropped) throw refuse("NOT_FOUND");
  return id;
}

/**
 * Encodes a file name for a header as RFC 8187 requires. Unlike `encodeURIComponent`, this also encodes the characters
 * `'()*`.
 */
function encodeName(name: string): string {
  return encodeURIComponent(name).replaceAll(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
}
