import type { EngineName } from "../engines/page-engine.ts";
import type { TextFormat } from "../port/extract.ts";
import type { Turn } from "../text/turn.ts";

/** Parent → child: one file. The bytes are sent in V8's own serialization, not as text. */
export interface Job {
  readonly bytes: Uint8Array;
  readonly password: string | undefined;
  readonly engine: EngineName;
  /** The default is text. */
  readonly format?: TextFormat;
  readonly maxPages: number;
  readonly maxTextBytes: number;
  /** The first page to read; the pages before it are known already. */
  readonly from?: number;
  /** Read from the last page to the first. */
  readonly backwards?: boolean;
  /** Extract the PDFs embedded in the file instead of reading its text. At most `files` of them and `bytes` in all. */
  readonly embedded?: { readonly files: number; readonly bytes: number };
  /** Draw this page, turned clockwise by `turn` quarter turns, instead of reading the file. */
  readonly draw?: { readonly page: number; readonly turn: Turn };
}

/** Parent → child: no more of this file is needed. The child closes it after the current page. */
export const STOP = "stop";

/**
 * Child → parent, in order. First `ready`, once. Then for each job: `opened`, one `page` or `lost` for each page, and
 * `done`; or `failed`. To draw a page: `opened`, `picture` or `lost`, and `done`; or `failed`. For embedded files:
 * `opened`, an `embedded` for each file, and `done`.
 */
export type Report =
  | { readonly type: "ready" }
  | { readonly type: "opened"; readonly pages: number; readonly attachments?: readonly string[] }
  /**
   * `scan`: the page has almost no text, but shows something that may be text. `unnamed`: its fonts do not say which
   * letters their glyphs are. `damaged`: only a part of the page could be read.
   */
  | {
      readonly type: "page";
      readonly page: number;
      readonly text: string;
      readonly scan: boolean;
      readonly unnamed?: boolean;
      readonly damaged?: boolean;
      /** Names of the files that are attached to annotations of the page. */
      readonly attachments?: readonly string[];
    }
  /** A drawn page as a PGM file: grey, 8 bits. */
  | { readonly type: "picture"; readonly page: number; readonly pgm: Uint8Array }
  /** A PDF that is embedded in the file. */
  | { readonly type: "embedded"; readonly name: string; readonly bytes: Uint8Array }
  | { readonly type: "lost"; readonly page: number }
  | { readonly type: "done" }
  | { readonly type: "failed"; readonly kind: "invalid" | "encrypted" };

export type PageReport = Extract<Report, { type: "page" | "lost" }>;

export function isPage(report: Report | string): report is PageReport {
  return typeof report !== "string" && (report.type === "page" || report.type === "lost");
}

/** Whether this report is the last one of a job. */
export function isLastReport({ type }: Report): boolean {
  return type === "done" || type === "failed";
}

/** Parent → OCR child: a page as a PGM file. */
export interface OcrJob {
  readonly pgm: Uint8Array;
}
/** OCR child → parent: `ready` once, then one report for each job. */
export type OcrReport =
  | { readonly type: "ready" }
  /** The words with their positions, as Tesseract's table (TSV). */
  | { readonly type: "words"; readonly tsv: string }
  | { readonly type: "failed" };
