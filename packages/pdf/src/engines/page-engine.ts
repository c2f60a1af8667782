import type { Line, Precision } from "../text/layout.ts";
import type { Rules } from "../text/styled.ts";
import type { Rotation } from "../text/rotation.ts";

/** A library that reads PDFs page by page. Runs inside a child process. */
export interface PageEngine {
  /** Opens a file. @throws DocumentError when the bytes are not a PDF that this PDF engine can read. */
  open(bytes: Uint8Array, password: string | undefined): Promise<OpenDocument>;
}

export interface OpenDocument {
  readonly pages: number;
  /** The names of the files that are attached to the document itself and not to one of its pages. */
  readonly attachments?: readonly string[];
  /**
   * Reads a page; the first page has the number 1. Throws when the page cannot be read. `styled`: each cell of a row is
   * returned as a line of its own, with its style as far as the PDF engine knows it.
   */
  read(page: number, how?: { readonly styled: boolean }): Promise<ReadPage>;
  /**
   * Draws a page as a PGM file, turned clockwise by `rotation` quarter turns. A page that is skewed, such as a crooked
   * scan, is straightened too. Only PDF engines that can draw have this method.
   */
  draw?(page: number, rotation: Rotation): Promise<Uint8Array>;
  /** The PDFs among the attached files: at most `files` of them, with at most `bytes` in all. */
  embedded?(most: { readonly files: number; readonly bytes: number }): readonly EmbeddedPdf[];
  close(): Promise<void>;
}

export interface ReadPage {
  /** The lines of the page in reading order. */
  readonly lines: readonly Line[];
  readonly precision?: Precision;
  /** The straight lines that are drawn on the page; only set for a styled page. */
  readonly rules?: Rules;
  /**
   * Whether the page may show text that only OCR can read: pictures cover much of the page, or it has many drawn paths.
   */
  readonly pictured: boolean;
  /**
   * Whether fonts of the page do not state which letters their glyphs are. The PDF engine's guesses are then left out
   * of the lines.
   */
  readonly unnamed?: boolean;
  /** Whether a stream of the page is damaged, so that the content after the damage is lost. */
  readonly damaged?: boolean;
  /** Names of the files that are attached to annotations of the page. */
  readonly attachments?: readonly string[];
}

/** A PDF that is embedded in a document. */
export interface EmbeddedPdf {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export class DocumentError extends Error {
  override readonly name = "DocumentError";
  readonly kind: "invalid" | "encrypted";
  constructor(kind: DocumentError["kind"], options?: ErrorOptions) {
    super(kind, options);
    this.kind = kind;
  }
}

export type EngineName = "pdfium" | "pdf-parse";
