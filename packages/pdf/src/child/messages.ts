import type { EngineName } from "../engines/page-engine.ts";
import type { TextFormat } from "../port/extract.ts";
import type { Rotation } from "../text/rotation.ts";

/**
 * A message from parent to child: one file, and what to do with it. The bytes are sent in V8's own serialization, not
 * as text.
 */
export interface Job {
  readonly bytes: Uint8Array;
  readonly password: string | undefined;
  readonly engine: EngineName;
  /** The format of the pages. Default: `text`. */
  readonly format?: TextFormat;
  readonly maxPages: number;
  readonly maxTextBytes: number;
  /** The first page to read. The pages before it were read already. */
  readonly from?: number;
  /** Whether the pages are read from the last one to the first. */
  readonly backwards?: boolean;
  /**
   * Set to get the PDFs embedded in the file instead of its text: at most `files` of them, with at most `bytes` in all.
   */
  readonly embedded?: { readonly files: number; readonly bytes: number };
  /**
   * Set to get a picture of this page instead of the file's text. `rotation`: by how many quarter turns the picture is
   * turned clockwise.
   */
  readonly draw?: { readonly page: number; readonly rotation: Rotation };
}

/**
 * A message from parent to child: no more pages of the current file are needed. The child closes the file after the
 * current page.
 */
export const STOP = "stop";

/**
 * The messages from child to parent. First `ready`, once. Then, for each job, in this order:
 *
 * - to read text: `opened`, one `page` or `lost` for each page, `done`; or `failed`;
 * - to draw a page: `opened`, `picture` or `lost`, `done`; or `failed`;
 * - for embedded files: `opened`, an `embedded` for each file, `done`; or `failed`.
 */
export type Report =
  | { readonly type: "ready" }
  | { readonly type: "opened"; readonly pages: number; readonly attachments?: readonly string[] }
  /**
   * `scan`: the page has almost no text, but shows something that may be text. `unnamed`: the page's fonts do not state
   * which letters their glyphs are. `damaged`: only a part of the page could be read.
   */
  | {
      readonly type: "page";
      readonly page: number;
      readonly text: string;
      readonly scan: boolean;
      readonly unnamed?: boolean;
      readonly damaged?: boolean;
      /** The names of the files that are attached to annotations of the page. */
      readonly attachments?: readonly string[];
    }
  /** A drawn page as a PGM file: a grey picture with 8 bits for each pixel. */
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

/** A message from parent to OCR child: the picture of a page as a PGM file. */
export interface OcrJob {
  readonly pgm: Uint8Array;
}
/** The messages from OCR child to parent: `ready` once, then one report for each job. */
export type OcrReport =
  | { readonly type: "ready" }
  /** The words with their positions, in Tesseract's table format (TSV). */
  | { readonly type: "words"; readonly tsv: string }
  | { readonly type: "failed" };
