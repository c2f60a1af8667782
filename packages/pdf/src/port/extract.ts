/** The format of pages: plain text, or Markdown with headings, lists, tables, code and footnotes. */
export type TextFormat = "text" | "markdown";

/** The limits of one extraction. Times in ms, sizes in bytes. */
export interface ExtractLimits {
  /** How many ms of processor time a page may take. Its wall-clock time may be ten times as long. */
  readonly stallMs: number;
  /** How many ms of processor time the whole file may take. Its wall-clock time may be ten times as long. */
  readonly timeoutMs: number;
  /** How many bytes of resident memory a child process may use. */
  readonly memoryBytes: number;
  readonly maxPages: number;
  /** How many bytes the text of the whole file may have, as UTF-8. A longer text is cut. */
  readonly maxTextBytes: number;
}

/** A page without its whole text, and the reason. Page numbers begin at 1. */
export interface Missing {
  readonly page: number;
  readonly reason: "scan" | "unnamed" | "error" | "limit";
}

export type PdfFailure = "PDF_INVALID" | "PDF_ENCRYPTED" | "PDF_NO_TEXT" | "PDF_LIMIT_EXCEEDED" | "BUSY";

/**
 * The outcome of an extraction. `text`: `pages` has one string for each page, which is empty if nothing could be read.
 * `failed`: if `permanent`, extracting the file again would fail in the same way. The code `BUSY` says nothing about
 * the file: its children had no core for too long.
 */
export type ExtractOutcome =
  | {
      readonly kind: "text";
      readonly pages: readonly string[];
      readonly missing: readonly Missing[];
      /** The names of the files that are attached to the PDF, of any type; left out if there are none. */
      readonly attachments?: readonly string[];
      /** The numbers of the pages that OCR has read. */
      readonly ocr: readonly number[];
      /** Whether the text was cut because it was longer than `maxTextBytes`. */
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
  /** Whether the file may use the child that is kept free for urgent files. */
  readonly isUrgent?: boolean;
  /**
   * Reports progress: `page` of `pages` pages are finished. While PDF engines read the file, `page` never decreases,
   * and may increase by more than one. While OCR reads pages afterwards, `page` is the page that OCR has just tried.
   */
  onPage?(page: number, pages: number): void;
}

/**
 * Extracts the text of PDFs. A file that cannot be read is no error: its outcome is `failed`. `extract` throws on
 * abort, after the extractor was disposed, and if no child process can be started (in an HTTP extractor: if its server
 * cannot be reached).
 */
export interface Extractor extends AsyncDisposable {
  extract(input: ExtractInput, options: ExtractOptions): Promise<ExtractOutcome>;
}

/** Thrown when an extractor cannot be made. The message of `ocr-missing` names the package to install. */
export class PdfError extends Error {
  override readonly name = "PdfError";
  readonly kind: "ocr-missing";
  constructor(kind: PdfError["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/**
 * The version of the extractor. It is a part of every text key, so a new version makes all files be extracted again.
 * Change it whenever the text of the same bytes may differ from before.
 */
export const EXTRACTOR_VERSION = "20";
