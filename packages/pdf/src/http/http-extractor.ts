import { cleanText } from "../text/clean-text.ts";
import { cutText } from "../text/cut-text.ts";
import type { ExtractInput, ExtractLimits, ExtractOptions, Extractor } from "../port/extract.ts";
import { addReport, beginReading, outcomeOf, type Reading } from "../reading/reading.ts";
import { xhtmlPages } from "./xhtml-pages.ts";

export interface HttpExtractorOptions {
  /**
   * The URL to which a file is sent: `http://tika:9998/tika` for Apache Tika, or another server with the same
   * interface.
   */
  readonly url: string;
  readonly limits: Pick<ExtractLimits, "timeoutMs" | "maxPages" | "maxTextBytes">;
}

const ENCRYPTED = new Set([401, 403, 423]);
const REFUSED = new Set([400, 415, 422]);
/** A response may have `maxTextBytes` times this many bytes, because XHTML adds tags and entities to the text. */
const MARKUP = 4;

/**
 * Creates an extractor that sends files to a server.
 *
 * Request: PUT with the file as `application/pdf`, and with the password, if there is one, in the header
 * `Password_Base64_UTF-8`.
 *
 * Response: 200 with XHTML that has a `<div class="page">` for each page (as Apache Tika sends it), or with plain text
 * and a form feed between pages (as pdftotext writes it). 400, 415 and 422 mean that the bytes cannot be read as a PDF;
 * 401, 403 and 423 that a password is needed.
 *
 * The server has to isolate itself from the files that it reads. This code only enforces the time and the limits, and
 * cleans the text.
 *
 * Unlike other extractors, this extractor throws when the server cannot be reached or sends another response: that says
 * nothing about the file.
 */
export function createHttpExtractor({ url, limits }: HttpExtractorOptions): Extractor {
  const closed = new AbortController();
  return {
    async extract(input, options) {
      const late = AbortSignal.timeout(limits.timeoutMs);
      try {
        const signal = AbortSignal.any([options.signal, late, closed.signal]);
        return outcomeOf(await send({ url, limits }, input, signal, options.onPage), input.password !== undefined);
      } catch (error) {
        options.signal.throwIfAborted();
        if (!late.aborted) throw error;
        return { kind: "failed", code: "PDF_LIMIT_EXCEEDED", reason: "time", permanent: false };
      }
    },
    async [Symbol.asyncDispose]() {
      closed.abort(new Error("the extractor is closed"));
    },
  };
}

async function send(
  { url, limits }: HttpExtractorOptions,
  { bytes, password }: ExtractInput,
  signal: AbortSignal,
  onPage: ExtractOptions["onPage"],
): Promise<Reading> {
  const reading = beginReading("http");
  const response = await fetch(url, {
    method: "PUT",
    body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as Uint8Array<ArrayBuffer>,
    headers: {
      "content-type": "application/pdf",
      accept: "text/html, text/plain;q=0.5",
      ...(password === undefined ? {} : { "password_base64_utf-8": Buffer.from(password).toString("base64") }),
    },
    redirect: "error",
    signal,
  });
  if (ENCRYPTED.has(response.status)) reading.end = "encrypted";
  else if (REFUSED.has(response.status)) reading.end = "invalid";
  if (reading.end) return reading;
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the extractor at ${new URL(url).host} answered ${response.status}`);
  }
  const body = await readAtMost(response, limits.maxTextBytes * MARKUP);
  const html = response.headers.get("content-type")?.includes("html") ?? false;
  const pages = html ? xhtmlPages(body) : body.replace(/\f\s*$/, "").split("\f");
  const whole: ExtractLimits = { ...limits, stallMs: 0, memoryBytes: 0 };
  addReport(reading, { type: "opened", pages: pages.length }, whole);
  pages.forEach((raw, index) => {
    const text = cleanText(raw);
    // The server does not report pictures, so a page without text counts as a scan.
    addReport(reading, { type: "page", page: index + 1, text, scan: text === "" }, whole);
    if (!reading.end) onPage?.(index + 1, pages.length);
  });
  addReport(reading, "done", whole);
  return reading;
}

/** Returns at most the first `bytes` bytes of the body, as text, and stops reading after that. */
async function readAtMost(response: Response, bytes: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    pieces.push(piece);
    size += piece.length;
    if (size > bytes) break;
  }
  return cutText(Buffer.concat(pieces).toString("utf8"), bytes);
}
