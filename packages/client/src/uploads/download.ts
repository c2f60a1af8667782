import type { WireError } from "@docrelay/protocol";
import type { TokenSource } from "../link/session.ts";
import { readError } from "../wire/payloads.ts";
import { attempt, object } from "../wire/read.ts";
import { clientError, RelayError, unreachable } from "../wire/relay-error.ts";

export interface DownloadOptions {
  /** The bytes from `from` up to `to`; all by default. */
  readonly range?: { readonly from: number; readonly to: number };
  readonly signal?: AbortSignal;
}
/** What of an upload is wanted: its bytes, or what was read of it, as text as Markdown with a heading for each page, or as JSON. */
export type UploadPart = "bytes" | "text" | "markdown" | "json";
export type Download = (upload: string, part: UploadPart, options?: DownloadOptions) => Promise<Blob>;

const PATHS: Readonly<Record<UploadPart, string>> = {
  bytes: "",
  text: "/text?format=text",
  markdown: "/text?format=markdown",
  json: "/text",
};
const DEADLINE_MS = 60_000;
const readRefusal = object<{ error: WireError }>({ error: readError });

export function createDownload(base: string, tokens: TokenSource, request: typeof fetch): Download {
  return async (upload, part, { range, signal } = {}) => {
    const path = `${base}/v1/uploads/${encodeURIComponent(upload)}${PATHS[part]}`;
    const headers: Record<string, string> = { authorization: `Bearer ${await tokens.token()}` };
    if (part === "json") headers["accept"] = "application/json";
    if (range) headers["range"] = `bytes=${range.from}-${range.to - 1}`;
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    const ends = signal ? AbortSignal.any([signal, deadline]) : deadline;
    const failed = (cause: unknown): never => {
      throw signal?.aborted ? signal.reason : unreachable(cause);
    };
    const response = await request(path, { headers, signal: ends }).catch(failed);
    if (!response.ok) {
      const refusal = attempt(readRefusal, await response.json().catch(() => undefined))?.error;
      throw refusal ? new RelayError(refusal) : clientError("NOT_DOCRELAY");
    }
    const blob = await response.blob().catch(failed);
    // A proxy may leave ranges out.
    return range && response.status === 200 ? blob.slice(range.from, range.to) : blob;
  };
}
