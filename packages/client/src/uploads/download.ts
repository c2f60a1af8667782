import type { Get } from "../link/get.ts";

export interface DownloadOptions {
  /** Which bytes to download: from `from` up to, but not including, `to`. Default: all bytes. */
  readonly range?: { readonly from: number; readonly to: number };
  readonly signal?: AbortSignal;
}
/**
 * What to download of an upload: its bytes; or its extracted text, as plain text, as Markdown with a heading for each
 * page, or as JSON.
 */
export type UploadPart = "bytes" | "text" | "markdown" | "json";
export type Download = (upload: string, part: UploadPart, options?: DownloadOptions) => Promise<Blob>;

const PATHS: Readonly<Record<UploadPart, string>> = {
  bytes: "",
  text: "/text?format=text",
  markdown: "/text?format=markdown",
  json: "/text",
};

export function createDownload(get: Get): Download {
  return (upload, part, { range, signal } = {}) => {
    const headers: Record<string, string> = {};
    if (part === "json") headers["accept"] = "application/json";
    if (range) headers["range"] = `bytes=${range.from}-${range.to - 1}`;
    const read = async (response: Response): Promise<Blob> => {
      const blob = await response.blob();
      // A proxy may ignore the range and respond with the whole file; the range is then cut out here.
      return range && response.status === 200 ? blob.slice(range.from, range.to) : blob;
    };
    return get(`/v1/uploads/${encodeURIComponent(upload)}${PATHS[part]}`, read, { headers, signal });
  };
}
