import { fromSingleBytes } from "../text/utf8.ts";
import type { EmbeddedPdf } from "./page-engine.ts";
import type { Pdfium } from "./pdfium.ts";

/**
 * The search for attached files looks at no more than this many files of a document, and at no more than this many
 * annotations of a page.
 */
const MAX_FILES = 100;
const MAX_NAME_CHARS = 255;
/** On how many pages of a document the search for embedded PDFs looks at annotations. */
const MAX_PAGES = 100;
const FILE_ATTACHMENT = 17;
/**
 * A PDF has its header `%PDF-` within this many bytes from its beginning. An embedded file without the header is not a
 * PDF.
 */
const HEAD_BYTES = 1024;

/** The names of the files that are attached to a document as a whole, PDFs and others; each name only once. */
export function attachmentsOf(pdfium: Pdfium, document: number): string[] {
  return namesOf(pdfium, filesOf(pdfium, document));
}

/** What the first look at a page's annotations has found. */
export interface Annotated {
  /** The names of the files that are attached to the annotations; each name only once. */
  readonly attachments: string[];
  /** The subtypes of all annotations; undefined if the page has more annotations than the look examines. */
  readonly types: ReadonlySet<number> | undefined;
}

/** For a page without annotations. */
export const NO_ANNOTATIONS: Annotated = { attachments: [], types: new Set() };

/** Looks at the annotations of a page, at {@link MAX_FILES} of them at most. */
export function lookAtAnnotations(pdfium: Pdfium, page: number): Annotated {
  const names: string[] = [];
  const types = forFilesOn(pdfium, page, (file) => names.push(...namesOf(pdfium, [file])));
  const isWhole = pdfium.call.FPDFPage_GetAnnotCount(page) <= MAX_FILES;
  return { attachments: [...new Set(names)], types: isWhole ? types : undefined };
}

/**
 * The PDFs that are embedded in a document or its annotations: at most `files` PDFs, which have at most `bytes` bytes
 * in all. Of several PDFs with the same name, only the first is returned.
 */
export function embeddedPdfs(
  pdfium: Pdfium,
  document: number,
  { files, bytes }: { readonly files: number; readonly bytes: number },
): EmbeddedPdf[] {
  const { call } = pdfium;
  const found = new Map<string, EmbeddedPdf>();
  let left = bytes;
  const take = (file: number): void => {
    const [name] = namesOf(pdfium, [file]);
    if (name === undefined || found.has(name) || found.size >= files) return;
    const pdf = bytesOf(pdfium, file, left);
    if (!pdf || !Buffer.from(pdf.buffer, 0, Math.min(HEAD_BYTES, pdf.length)).includes("%PDF-")) return;
    left -= pdf.length;
    found.set(name, { name, bytes: pdf });
  };
  for (const file of filesOf(pdfium, document)) take(file);
  const pages = Math.min(call.FPDF_GetPageCount(document), MAX_PAGES);
  for (let index = 0; index < pages; index++) {
    const page = call.FPDF_LoadPage(document, index);
    if (page === 0) continue;
    forFilesOn(pdfium, page, take);
    call.FPDF_ClosePage(page);
  }
  return [...found.values()];
}

function filesOf({ call }: Pdfium, document: number): number[] {
  const count = Math.max(0, Math.min(call.FPDFDoc_GetAttachmentCount(document), MAX_FILES));
  return Array.from({ length: count }, (_, index) => call.FPDFDoc_GetAttachment(document, index));
}

/** Calls `use` for the files that are attached to annotations. Returns the subtypes of the examined annotations. */
function forFilesOn({ call }: Pdfium, page: number, use: (file: number) => void): ReadonlySet<number> {
  const types = new Set<number>();
  const count = Math.min(call.FPDFPage_GetAnnotCount(page), MAX_FILES);
  for (let index = 0; index < count; index++) {
    const annotation = call.FPDFPage_GetAnnot(page, index);
    if (annotation === 0) continue;
    const type = call.FPDFAnnot_GetSubtype(annotation);
    if (type === FILE_ATTACHMENT) use(call.FPDFAnnot_GetFileAttachment(annotation));
    call.FPDFPage_CloseAnnot(annotation);
    types.add(type);
  }
  return types;
}

function namesOf({ call, allocate, heap }: Pdfium, files: readonly number[]): string[] {
  const names = files.flatMap((file) => {
    const size = file === 0 ? 0 : call.FPDFAttachment_GetName(file, 0, 0);
    if (size <= 2 || size > 64 * MAX_NAME_CHARS) return [];
    const at = allocate(size);
    call.FPDFAttachment_GetName(file, at, size);
    const bytes = heap();
    const name = Buffer.from(bytes.buffer, bytes.byteOffset + at, size - 2).toString("utf16le");
    call.free(at);
    return [shown(fromSingleBytes(name))];
  });
  return [...new Set(names)].filter((name) => name !== "");
}

/** Makes a file's name fit for display: without folders, control characters and invisible marks, and not too long. */
function shown(name: string): string {
  const [last = ""] = /[^\\/]*$/.exec(name) ?? [];
  return last
    .replace(/[\p{Cc}\p{Cf}]/gu, "")
    .trim()
    .slice(0, MAX_NAME_CHARS)
    .toWellFormed();
}

/** The bytes of an attached file; undefined if the file is empty, has more than `most` bytes, or cannot be read. */
function bytesOf({ call, allocate, heap }: Pdfium, file: number, most: number): Uint8Array | undefined {
  const length = allocate(4);
  const sizeAt = (): number => new DataView(heap().buffer, length, 4).getUint32(0, true);
  try {
    if (!call.FPDFAttachment_GetFile(file, 0, 0, length)) return undefined;
    const size = sizeAt();
    if (size === 0 || size > most) return undefined;
    const at = allocate(size);
    const isRead = call.FPDFAttachment_GetFile(file, at, size, length) === 1 && sizeAt() === size;
    const bytes = isRead ? heap().slice(at, at + size) : undefined;
    call.free(at);
    return bytes;
  } finally {
    call.free(length);
  }
}
