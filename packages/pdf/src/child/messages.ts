import type { EngineName } from "../engines/page-engine.ts";
import type { TextFormat } from "../port/extract.ts";
import type { Rotation } from "../text/rotation.ts";

/**
 * A message from parent to child: a file, and what to do with it. By default, the child reads the text of all pages.
 */
export interface Job {
  readonly bytes: Uint8Array;
  readonly password: string | undefined;
  readonly engine: EngineName;
  /** The format of the pages. Default: `text`. */
  readonly format?: TextFormat;
  readonly maxPages: number;
  readonly maxTextBytes: number;
  /**
   * The number of the first page to read. Default: 1. A child that replaces another child begins after the pages that
   * were read already.
   */
  readonly from?: number;
  /** Whether the pages are read from the last one to the first. */
  readonly backwards?: boolean;
  /**
   * If set, the child returns the PDFs that are embedded in the file, not its text: at most `files` PDFs, which have at
   * most `bytes` bytes in all.
   */
  readonly embedded?: { readonly files: number; readonly bytes: number };
  /**
   * If set, the child draws the page with this number and does not read the text. `rotation`: by how many quarter turns
   * the picture is turned clockwise.
   */
  readonly draw?: { readonly page: number; readonly rotation: Rotation };
  /** If set, the child draws the figures of pages and does not read their text. */
  readonly drawFigures?: FiguresWanted;
  /** Whether the child looks for figures on the pages that it reads. */
  readonly figures?: boolean;
}

/** The pages whose figures are wanted, by their numbers. */
export interface FiguresWanted {
  readonly pages: readonly number[];
  /** The names of figures that the parent has already, such as a logo that is on each page. They are not sent again. */
  readonly known: readonly string[];
  /** The job ends after the page at which the pictures have more bytes than this in all. */
  readonly atMostBytes: number;
}

/** A picture of a figure as a PGM file. Equal pictures have the same name. */
export interface Figure {
  readonly name: string;
  readonly pgm: Uint8Array;
}

/**
 * A message from parent to child: end the current job, as if no pages were left, before the first page whose number is
 * at least `before`. With 0, the job ends after the current page.
 */
export interface Stop {
  readonly type: "stop";
  readonly before: number;
}

/**
 * The messages from child to parent. The first message is `ready`. For each job, these messages follow in this order:
 *
 * - to read text: `opened`, a `page` or a `lost` for each page, `done`;
 * - to draw a page: `opened`, a `picture` or a `lost`, `done`;
 * - to draw the figures of pages: `opened`, a `figures` or a `lost` for each page until `atMostBytes` are exceeded, `done`;
 * - to get embedded PDFs: `opened`, an `embedded` for each PDF, `done`.
 *
 * A job whose file cannot be read ends with `failed` instead of `done`.
 */
export type Report =
  | { readonly type: "ready" }
  | { readonly type: "opened"; readonly pages: number; readonly attachments?: readonly string[] }
  /**
   * `scan`: the page has almost no text but shows something that may be text, such as a picture. `unnamed`: the page
   * has many letters whose font does not state which letters they are. `damaged`: only a part of the page could be
   * read.
   */
  | {
      readonly type: "page";
      readonly page: number;
      readonly text: string;
      readonly scan: boolean;
      readonly unnamed?: boolean;
      readonly damaged?: boolean;
      /** Whether the page has figures; left out if it has none, or if they were not looked for. */
      readonly figures?: boolean;
      /** The names of the files that are attached to annotations of the page. */
      readonly attachments?: readonly string[];
    }
  /** The figures of a page as PGM files, in reading order, without those that the job or an earlier page named. */
  | { readonly type: "figures"; readonly page: number; readonly figures: readonly Figure[] }
  /** A drawn page as a PGM file: a grey picture with 8 bits for each pixel. */
  | { readonly type: "picture"; readonly page: number; readonly pgm: Uint8Array }
  | { readonly type: "embedded"; readonly name: string; readonly bytes: Uint8Array }
  | { readonly type: "lost"; readonly page: number }
  | { readonly type: "done" }
  | { readonly type: "failed"; readonly kind: "invalid" | "encrypted" };

export type PageReport = Extract<Report, { type: "page" | "lost" }>;

export function isPage(report: Report | string): report is PageReport {
  return typeof report !== "string" && (report.type === "page" || report.type === "lost");
}

export function isLastReport({ type }: Report): boolean {
  return type === "done" || type === "failed";
}

/** A message from parent to OCR child: a page's picture as a PGM file (a grey picture). */
export interface OcrJob {
  readonly pgm: Uint8Array;
  /** Tesseract's page segmentation mode. */
  readonly mode: string;
  /** Tesseract's way to find the threshold between black and white. */
  readonly threshold: string;
}
/** The messages from OCR child to parent: first `ready`, then `words` or `failed` for each job. */
export type OcrReport =
  | { readonly type: "ready" }
  /** The words with their positions, in Tesseract's table format (TSV). */
  | { readonly type: "words"; readonly tsv: string }
  | { readonly type: "failed" };
