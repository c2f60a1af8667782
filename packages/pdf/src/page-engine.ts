/** A library that reads PDFs page by page, inside of a child process. */
export interface PageEngine {
  /** @throws DocumentError when it is no PDF that this engine can read. */
  open(bytes: Uint8Array, password: string | undefined): Promise<OpenDocument>;
}

export interface OpenDocument {
  readonly pages: number;
  /** The text of a page, counted from 1; throws when the page cannot be read. */
  text(page: number): Promise<string>;
  close(): Promise<void>;
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

/** Loads an engine; each is loaded only in the child that uses it. */
export async function loadEngine(name: EngineName): Promise<PageEngine> {
  if (name === "pdfium") return (await import("./pdfium-engine.ts")).createPdfiumEngine();
  return (await import("./pdf-parse-engine.ts")).createPdfParseEngine();
}
