import type { Line, Precision } from "../text/layout.ts";
import type { Rules } from "../text/styled.ts";
import type { Tags } from "../tags/tags.ts";
import type { Rotation } from "../text/rotation.ts";

/** A PDF engine: a library that reads PDFs page by page, in a child process. */
export interface PageEngine {
  /**
   * Opens a file. @throws DocumentError when this PDF engine cannot read the bytes, or the password is missing or
   * wrong.
   */
  open(bytes: Uint8Array, password: string | undefined): Promise<OpenDocument>;
}

export interface OpenDocument {
  readonly pages: number;
  /** The names of the files that are attached to the document as a whole, not to a page. */
  readonly attachments?: readonly string[];
  /**
   * Reads a page; page numbers begin at 1. Throws when the page cannot be read.
   */
  read(page: number, how?: ReadHow): Promise<ReadPage>;
  /**
   * Draws a page as a PGM file (a grey picture), turned clockwise by `rotation` quarter turns. If the lines of text are
   * a little oblique, as in a crooked scan, the picture is turned until they are level. Left out if the PDF engine
   * cannot draw.
   */
  draw?(page: number, rotation: Rotation): Promise<Uint8Array>;
  /**
   * Draws each figure of a page (a picture or drawing that may have words which are not in the page's text) as a PGM
   * file, in reading order. Left out if the PDF engine cannot draw.
   */
  drawFigures?(page: number): Promise<Uint8Array[]>;
  /** Returns the PDFs among the attached files: at most `files` PDFs, which have at most `bytes` bytes in all. */
  embedded?(most: { readonly files: number; readonly bytes: number }): readonly EmbeddedPdf[];
  close(): Promise<void>;
}

export interface ReadHow {
  /** Whether each cell of a row becomes a line of its own, which has its style if the PDF engine knows that. */
  readonly styled?: boolean;
  /** Whether to look for figures. */
  readonly figures?: boolean;
}

export interface ReadPage {
  /** The lines of the page in reading order. */
  readonly lines: readonly Line[];
  readonly precision?: Precision;
  /** The straight lines that are drawn on the page; set only if the page was read with `styled`. */
  readonly rules?: Rules;
  /** What the tags of the page state; set only if the page was read with `styled`, and the file is tagged. */
  readonly tags?: Tags | undefined;
  /**
   * Whether the page may show text that only OCR can read: pictures cover much of the page, or it has many drawn paths.
   */
  readonly pictured: boolean;
  /** Whether the page has figures; left out if they were not looked for. */
  readonly figures?: boolean;
  /**
   * Whether the page has many letters whose font does not state which letters they are. Then lines that mostly consist
   * of such letters are left out.
   */
  readonly unnamed?: boolean;
  /** Whether a part of the page's content is damaged, so that the rest of this content is missing. */
  readonly damaged?: boolean;
  readonly attachments?: readonly string[];
}

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
