/** The format of pages: plain text, or Markdown with headings, lists, tables, code and footnotes. */
export type TextFormat = "text" | "markdown";

/** The limits of one extraction. Times in ms, sizes in bytes. */
export interface ExtractLimits {
  /** The longest processor time without a finished page. The wall-clock limit is ten times as long. */
  readonly stallMs: number;
  /** The longest processor time for the whole file. The wall-clock limit is ten times as long. */
  readonly timeoutMs: number;
  /** The most resident memory of the child process. */
  readonly memoryBytes: number;
  readonly maxPages: number;
  /** The most text of the whole file, as UTF-8. */
  readonly maxTextBytes: number;
}

/** A page without text in the outcome, counted from 1, and the reason. */
export interface Missing {
  readonly page: number;
  readonly reason: "scan" | "unnamed" | "error" | "limit";
}

export type PdfFailure = "PDF_INVALID" | "PDF_ENCRYPTED" | "PDF_NO_TEXT" | "PDF_LIMIT_EXCEEDED" | "BUSY";

/**
 * The outcome of an extraction. `text`: one string for each page, empty for the missing ones. `failed`: `permanent`
 * when another try would end the same way. The code `BUSY` means that the file's children had no core for too long,
 * which says nothing about the file.
 */
export type ExtractOutcome =
  | {
      readonly kind: "text";
      readonly pages: readonly string[];
      readonly missing: readonly Missing[];
      /** Names of the files attached to the PDF, PDFs and others; left out when there are none. */
      readonly attachments?: readonly string[];
      /** The pages that were read by OCR. */
      readonly ocr: readonly number[];
      /** The text was cut at `maxTextBytes`. */
      readonly truncated: boolean;
      readonly engine: string;
    }
  | {
      readonly kind: "failed";
      readonly code: PdfFailure;
      readonly reason?: "pages" | "time" | "memory" | "output" | "password";
      readonly permanent: boolean;
    };

export interface ExtractInput {
  readonly bytes: Uint8Array;
  readonly password?: string;
}

export interface ExtractOptions {
  /** An abort kills the child that works on the file; the extraction then throws the signal's reason. */
  readonly signal: AbortSignal;
  /**
   * The file may use the child that is kept for urgent files, if that child is free, and does not wait for starting
   * children.
   */
  readonly isUrgent?: boolean;
  /**
   * Progress: `page` of `pages` pages are finished. The number never decreases, and may increase by more than one. It
   * is also called after OCR has read a page.
   */
  onPage?(page: number, pages: number): void;
}

/**
 * Extracts the text of PDFs in child processes. Every file ends in an outcome within its limits; only an abort throws.
 */
export interface Extractor extends AsyncDisposable {
  extract(input: ExtractInput, options: ExtractOptions): Promise<ExtractOutcome>;
}

/** The reason why an extractor cannot be made. The message of `ocr-missing` names the package to install. */
export class PdfError extends Error {
  override readonly name = "PdfError";
  readonly kind: "ocr-missing";
  constructor(kind: PdfError["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** Part of every text key. It changes whenever the same bytes would give another text. */
export const EXTRACTOR_VERSION = "9";
