import type { Line, Precision } from "../text/layout.ts";
import type { Rules } from "../text/styled.ts";
import type { Turn } from "../text/turn.ts";

/** A library that reads PDFs page by page, inside of a child process. */
export interface PageEngine {
  /** @throws DocumentError when it is no PDF that this engine can read. */
  open(bytes: Uint8Array, password: string | undefined): Promise<OpenDocument>;
}

export interface OpenDocument {
  readonly pages: number;
  /** Names of the files that the document carries, besides those of its pages. */
  readonly attachments?: readonly string[];
  /**
   * Reads a page, counted from 1; throws when it cannot be read. `styled`: each cell of a row as a line, with how it looks,
   * as far as the engine knows.
   */
  read(page: number, how?: { readonly styled: boolean }): Promise<ReadPage>;
  /** A page as a PGM file, with its lines level, for engines that can draw; turned clockwise by quarters. */
  draw?(page: number, turn: Turn): Promise<Uint8Array>;
  /** The PDFs among its files, as long as they are no more than so many, and so many bytes together. */
  embedded?(most: { readonly files: number; readonly bytes: number }): readonly EmbeddedPdf[];
  close(): Promise<void>;
}

export interface ReadPage {
  /** In reading order. */
  readonly lines: readonly Line[];
  readonly precision?: Precision;
  /** Of a styled page. */
  readonly rules?: Rules;
  /** The page may show text that only OCR can read: pictures cover much of it, or it has nothing but shapes. */
  readonly pictured: boolean;
  /** The fonts do not say which letters these are: what was made of them is left out. */
  readonly unnamed?: boolean;
  /** A stream of the page is damaged: what was behind it is lost. */
  readonly damaged?: boolean;
  /** Names of the files that annotations of the page carry. */
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
