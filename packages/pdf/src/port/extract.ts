/** How pages are written: as plain text, or in Markdown with headings, lists, tables, code and footnotes. */
export type TextFormat = "text" | "markdown";

/** How far one extraction may go. Times in ms, sizes in bytes. */
export interface ExtractLimits {
  /** Longest processor time without a page being finished; by the clock ten times as much. */
  readonly stallMs: number;
  /** Longest processor time for the whole file; by the clock ten times as much. */
  readonly timeoutMs: number;
  /** Resident memory of the child process. */
  readonly memoryBytes: number;
  readonly maxPages: number;
  /** Text of the whole file, as UTF-8. */
  readonly maxTextBytes: number;
}

/** A page that is not in the text, counted from 1, and why. */
export interface Missing {
  readonly page: number;
  readonly reason: "scan" | "unnamed" | "error" | "limit";
}

export type PdfFailure = "PDF_INVALID" | "PDF_ENCRYPTED" | "PDF_NO_TEXT" | "PDF_LIMIT_EXCEEDED" | "BUSY";

/**
 * What became of a file. `text`: one string a page, empty for the missing ones. `failed`: `permanent` when another try
 * would end the same way. `BUSY`: the file's children had no core for long enough, which says nothing about the file.
 */
export type ExtractOutcome =
  | {
      readonly kind: "text";
      readonly pages: readonly string[];
      readonly missing: readonly Missing[];
      /** Names of the files that the file carries, PDFs and others; left out when there are none. */
      readonly attachments?: readonly string[];
      /** Pages read by OCR. */
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
  /** Aborting kills the child that works on the file; the extraction then throws the signal's reason. */
  readonly signal: AbortSignal;
  /** The file has the child that is kept for such, if that is free: it does not wait for one that starts. */
  readonly isUrgent?: boolean;
  /** So many pages are finished, of so many; it never goes back, and may go on by more than one. With OCR: a page was read. */
  onPage?(page: number, pages: number): void;
}

/** Makes texts of PDFs in child processes. Every file ends in an outcome, within its limits; it throws only on abort. */
export interface Extractor extends AsyncDisposable {
  extract(input: ExtractInput, options: ExtractOptions): Promise<ExtractOutcome>;
}

/** What keeps an extractor from being made: `ocr-missing` says in its message which package to install. */
export class PdfError extends Error {
  override readonly name = "PdfError";
  readonly kind: "ocr-missing";
  constructor(kind: PdfError["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** Changes whenever the same bytes would give another text: part of the key under which texts are kept. */
export const EXTRACTOR_VERSION = "9";
