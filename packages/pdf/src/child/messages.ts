import type { EngineName } from "../engines/page-engine.ts";
import type { TextFormat } from "../port/extract.ts";
import type { Turn } from "../text/turn.ts";

/** Parent → child: one file. The bytes travel in V8's own serialization, not as text. */
export interface Job {
  readonly bytes: Uint8Array;
  readonly password: string | undefined;
  readonly engine: EngineName;
  /** By default text. */
  readonly format?: TextFormat;
  readonly maxPages: number;
  readonly maxTextBytes: number;
  /** The first page to read; those before it are known. */
  readonly from?: number;
  /** From the last page to the first. */
  readonly backwards?: boolean;
  /** Give the PDFs that the file carries instead of reading it, up to so many and so many bytes together. */
  readonly embedded?: { readonly files: number; readonly bytes: number };
  /** Draw this page instead of reading all, turned clockwise by quarters. */
  readonly draw?: { readonly page: number; readonly turn: Turn };
}

/** Parent → child: enough of this file; it is closed after the page at hand. */
export const STOP = "stop";

/**
 * Child → parent, in order: `ready` once; then per job `opened`, `page` or `lost` each page, `done`; or `failed`. For a
 * page to draw: `opened`, `picture` or `lost`, `done`; or `failed`. For what a file carries: `opened`, `embedded` each, `done`.
 */
export type Report =
  | { readonly type: "ready" }
  | { readonly type: "opened"; readonly pages: number; readonly attachments?: readonly string[] }
  /**
   * `scan`: next to no text, and something to be seen that may be some. `unnamed`: letters that no font names. `damaged`:
   * only a part of the page could be read.
   */
  | {
      readonly type: "page";
      readonly page: number;
      readonly text: string;
      readonly scan: boolean;
      readonly unnamed?: boolean;
      readonly damaged?: boolean;
      /** Files that annotations of the page carry. */
      readonly attachments?: readonly string[];
    }
  /** As a PGM file: grey, 8 bits. */
  | { readonly type: "picture"; readonly page: number; readonly pgm: Uint8Array }
  /** A PDF that the file carries. */
  | { readonly type: "embedded"; readonly name: string; readonly bytes: Uint8Array }
  | { readonly type: "lost"; readonly page: number }
  | { readonly type: "done" }
  | { readonly type: "failed"; readonly kind: "invalid" | "encrypted" };

export type PageReport = Extract<Report, { type: "page" | "lost" }>;

export function isPage(report: Report | string): report is PageReport {
  return typeof report !== "string" && (report.type === "page" || report.type === "lost");
}

/** Whether a job ends with this report. */
export function isLastReport({ type }: Report): boolean {
  return type === "done" || type === "failed";
}

/** Parent → OCR child: a page as a PGM file. */
export interface OcrJob {
  readonly pgm: Uint8Array;
}
/** OCR child → parent: `ready` once, then one a job. */
export type OcrReport =
  | { readonly type: "ready" }
  /** The words with their places, as Tesseract's table (TSV). */
  | { readonly type: "words"; readonly tsv: string }
  | { readonly type: "failed" };
