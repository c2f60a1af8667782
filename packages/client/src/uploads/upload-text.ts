import { readJson } from "../link/get.ts";
import type { MissingPage } from "../wire/contract.ts";
import { readMissing } from "../wire/payloads.ts";
import { flag, int, list, object, text } from "../wire/read.ts";
import type { Download } from "./download.ts";

/** The extracted text of a file, as engines get it. The page numbers in `missing` and `ocr` begin at 1. */
export interface UploadText {
  /** The text of each page, in order; empty for a missing page. */
  readonly pages: readonly string[];
  readonly missing: readonly MissingPage[];
  /** The pages that OCR has read. */
  readonly ocr: readonly number[];
  /** Whether the text was cut because it was too long. */
  readonly truncated: boolean;
}

export interface UploadTexts {
  /**
   * Returns the text of an upload of this user. Waits up to half a minute for a running extraction. Safe to repeat.
   * @throws RelayError: `NOT_FOUND`, also for an upload of another user; `BUSY` when the text is not ready yet;
   * `RESUME_LOST` when the file is no longer kept; `PDF_NO_TEXT` or another error of the file when it has no text. When
   * the signal is aborted, throws its reason.
   */
  text(upload: string, options?: { readonly signal?: AbortSignal }): Promise<UploadText>;
}

const readText = object<UploadText>({ pages: list(text), missing: readMissing, ocr: list(int), truncated: flag });

export function createUploadTexts(download: Download): UploadTexts {
  return {
    async text(upload, options = {}) {
      return readJson(readText, await (await download(upload, "json", options)).text());
    },
  };
}
