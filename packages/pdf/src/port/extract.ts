/** The format of pages: plain text, or Markdown with headings, lists, tables, code and footnotes. */
export type TextFormat = "text" | "markdown";

/** The limits of one extraction. Times in ms, sizes in bytes. */
export interface ExtractLimits {
  /**
   * How many ms of processor time may pass without a finished page. Ten times as many ms of wall-clock time may pass.
   */
  readonly stallMs: number;
  /** How many ms of processor time the whole file may take. It may take ten times as many ms of wall-clock time. */
  readonly timeoutMs: number;
  /** How many bytes of resident memory the child process may use. */
  readonly memoryBytes: number;
  readonly maxPages: number;
  /** The most bytes, as UTF-8, that the text of the whole file may have. */
  readonly maxTextBytes: number;
}

/** A page whose text is missing in the outcome, and the reason for it. Page numbers begin at 1. */
export interface Missing {
  readonly page: number;
  readonly reason: "scan" | "unnamed" | "error" | "limit";
}

export type PdfFailure = "PDF_INVALID" | "PDF_ENCRYPTED" | "PDF_NO_TEXT" | "PDF_LIMIT_EXCEEDED" | "BUSY";

/**
 * The outcome of an extraction. `text`: one string for each page, empty for missing pages. `failed`: if `permanent`,
 * extracting the file again would end in the same way. The code `BUSY` means that the file's children had no core for
 * too long, which says nothing about the file.
 */
export type ExtractOutcome =
  | {
      readonly kind: "text";
      readonly pages: readonly string[];
      readonly missing: readonly Missing[];
      /**
       * The names of the files attached to the PDF, which may be PDFs or files of other types; left out when there are
       * none.
       */
      readonly attachments?: readonly string[];
      /** The pages that were read by OCR. */
      readonly ocr: readonly number[];
      /** Whether the text was cut at `maxTextBytes`. */
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
  /**
   * If this signal is aborted, the child that works on the file is killed, and the extraction throws the signal's
   * reason.
   */
  readonly signal: AbortSignal;
  /**
   * Whether the file may use the child that is kept free for urgent files. Such a file does not wait while other
   * children start.
   */
  readonly isUrgent?: boolean;
  /**
   * Reports progress: `page` of `pages` pages are finished. While PDF engines read the file, `page` never decreases,
   * and may increase by more than one. Afterwards `onPage` is called with each page that OCR is done with.
   */
  onPage?(page: number, pages: number): void;
}

/**
 * Extracts the text of PDFs in child processes. Each file ends in an outcome, within its limits; only an abort throws.
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

/**
 * The version of the extractor, a part of every text key. It must change whenever an extraction of the same bytes
 * returns a text that differs from before.
 */
export const EXTRACTOR_VERSION = "12";
