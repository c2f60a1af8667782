import { readJson } from "../link/get.ts";
import type { MissingPage } from "../wire/contract.ts";
import { readMissing } from "../wire/payloads.ts";
import { flag, int, list, object, text } from "../wire/read.ts";
import type { Download } from "./download.ts";

/** What was read of a file: what engines are told of it. Pages in order, counted from 1 in the lists. */
export interface UploadText {
  /** Empty for those that are missing. */
  readonly pages: readonly string[];
  readonly missing: readonly MissingPage[];
  /** Pages read by OCR. */
  readonly ocr: readonly number[];
  /** The text was cut where it was too long. */
  readonly truncated: boolean;
}

export interface UploadTexts {
  /**
   * The text of an upload of this user. Waits up to half a minute for an extraction that is under way. Safe to repeat.
   * @throws RelayError: `NOT_FOUND`, also for an upload of another user; `BUSY` when the text is not there yet;
   * `RESUME_LOST` when the file is no longer kept; `PDF_NO_TEXT` and the like when it has none. Else the signal's reason.
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
