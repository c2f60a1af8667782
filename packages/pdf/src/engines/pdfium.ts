import { init } from "@embedpdf/pdfium";
import type { TagCalls } from "../tags/tag-calls.ts";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const WASM = createRequire(import.meta.url).resolve("@embedpdf/pdfium/pdfium.wasm");

/**
 * The functions of PDFium's C interface that are used here. Handles and addresses are numbers, booleans are 0 or 1. The
 * package's own wrappers are not used, because for most of these functions converting the arguments takes longer than
 * the call.
 */
export interface PdfiumCalls extends TagCalls {
  malloc(size: number): number;
  FPDF_LoadMemDocument(data: number, size: number, password: number): number;
  FPDF_GetLastError(): number;
  FPDF_GetPageCount(document: number): number;
  FPDF_CloseDocument(document: number): void;
  FPDF_LoadPage(document: number, index: number): number;
  FPDF_ClosePage(page: number): void;
  FPDF_GetPageWidthF(page: number): number;
  FPDF_GetPageHeightF(page: number): number;
  /** Writes left, top, right and bottom of the page's box, as 32-bit floats, to the address `at`. */
  FPDF_GetPageBoundingBox(page: number, at: number): number;
  EPDFDoc_GetPageObjectNumberByIndex(document: number, index: number): number;
  FPDFDoc_GetAttachmentCount(document: number): number;
  FPDFDoc_GetAttachment(document: number, index: number): number;
  FPDFAnnot_GetFileAttachment(annotation: number): number;
  FPDFAttachment_GetName(file: number, at: number, size: number): number;
  /**
   * Writes the number of an attached file's bytes to the address `sizeAt`, and the bytes to `at` if `size` is large
   * enough.
   */
  FPDFAttachment_GetFile(file: number, at: number, size: number, sizeAt: number): number;
  /** Returns by how many clockwise quarter turns the page is shown. */
  FPDFPage_GetRotation(page: number): number;
  FPDFPage_SetRotation(page: number, quarters: number): void;
  /** Writes the six numbers of an object's matrix, as 32-bit floats, to the address `at`. */
  FPDFPageObj_GetMatrix(object: number, at: number): number;
  FPDFFormObj_CountObjects(form: number): number;
  FPDFFormObj_GetObject(form: number, index: number): number;
  FPDFPageObj_CountMarks(object: number): number;
  FPDFPageObj_GetMark(object: number, index: number): number;
  FPDFPageObjMark_GetParamValueType(mark: number, key: number): number;
  FPDFText_LoadPage(page: number): number;
  FPDFText_GetTextObject(text: number, index: number): number;
  FPDFText_ClosePage(text: number): void;
  FPDFText_CountChars(text: number): number;
  FPDFText_GetText(text: number, start: number, count: number, at: number): number;
  FPDFText_GetTextIndexFromCharIndex(text: number, index: number): number;
  FPDFText_GetUnicode(text: number, index: number): number;
  FPDFText_GetCharBox(text: number, index: number, left: number, right: number, bottom: number, top: number): number;
  /**
   * Writes left, top, right and bottom of a character's box, as 32-bit floats, to the address `at`. The box is that of
   * the font, not that of the ink.
   */
  FPDFText_GetLooseCharBox(text: number, index: number, at: number): number;
  FPDFText_GetCharOrigin(text: number, index: number, x: number, y: number): number;
  FPDFText_GetFontSize(text: number, index: number): number;
  /**
   * Writes the font's name to `at`, and its flags as a number to `flags`. Returns the length of the name in bytes, with
   * the NUL at its end.
   */
  FPDFText_GetFontInfo(text: number, index: number, at: number, size: number, flags: number): number;
  FPDFText_GetFontWeight(text: number, index: number): number;
  FPDFText_GetMatrix(text: number, index: number, at: number): number;
  FPDFText_IsGenerated(text: number, index: number): number;
  FPDFText_HasUnicodeMapError(text: number, index: number): number;
  FPDFPage_GetAnnotCount(page: number): number;
  FPDFPage_GetAnnot(page: number, index: number): number;
  FPDFPage_CloseAnnot(annotation: number): void;
  FPDFPage_RemoveAnnot(page: number, index: number): number;
  /** Draws the annotations into the page's content. Returns 1 if it has drawn some. */
  FPDFPage_Flatten(page: number, flag: number): number;
  FPDFAnnot_GetSubtype(annotation: number): number;
  FPDFAnnot_GetFlags(annotation: number): number;
  FPDFAnnot_HasKey(annotation: number, key: number): number;
  /** Writes left, top, right and bottom of an annotation, as 32-bit floats, to the address `at`. */
  FPDFAnnot_GetRect(annotation: number, at: number): number;
  FPDFAnnot_GetStringValue(annotation: number, key: number, at: number, size: number): number;
  FPDFAnnot_GetFormFieldType(form: number, annotation: number): number;
  FPDFAnnot_GetFormFieldFlags(form: number, annotation: number): number;
  FPDFAnnot_GetFormFieldValue(form: number, annotation: number, at: number, size: number): number;
  FPDFAnnot_IsChecked(form: number, annotation: number): number;
  FPDFAnnot_GetOptionCount(form: number, annotation: number): number;
  FPDFAnnot_IsOptionSelected(form: number, annotation: number, option: number): number;
  FPDFAnnot_GetOptionLabel(form: number, annotation: number, option: number, at: number, size: number): number;
  PDFiumExt_OpenFormFillInfo(): number;
  PDFiumExt_CloseFormFillInfo(info: number): void;
  PDFiumExt_InitFormFillEnvironment(document: number, info: number): number;
  PDFiumExt_ExitFormFillEnvironment(form: number): void;
  FPDFBitmap_CreateEx(width: number, height: number, format: number, buffer: number, stride: number): number;
  FPDFBitmap_FillRect(bitmap: number, left: number, top: number, width: number, height: number, colour: number): number;
  FPDFBitmap_GetBuffer(bitmap: number): number;
  FPDFBitmap_GetStride(bitmap: number): number;
  FPDFBitmap_Destroy(bitmap: number): void;
  FPDF_RenderPageBitmap(
    bitmap: number,
    page: number,
    x: number,
    y: number,
    width: number,
    height: number,
    rotate: number,
    flags: number,
  ): void;
  /**
   * Writes the pixel at which a point of the page is drawn by `FPDF_RenderPageBitmap`, as two 32-bit integers, to the
   * addresses `across` and `down`.
   */
  FPDF_PageToDevice(
    page: number,
    left: number,
    top: number,
    width: number,
    height: number,
    rotate: number,
    x: number,
    y: number,
    across: number,
    down: number,
  ): number;
  /**
   * `matrix`: the address of six floats that map points on the page, from its top left, to pixels. `clipping`: the
   * address of a rectangle in pixels.
   */
  FPDF_RenderPageBitmapWithMatrix(bitmap: number, page: number, matrix: number, clipping: number, flags: number): void;
}

export interface Pdfium {
  readonly call: PdfiumCalls;
  /** Allocates memory of PDFium, which `call.free` frees. Returns the address. @throws Error when no memory is left. */
  allocate(size: number): number;
  /**
   * PDFium's memory as it is now. Must be called again after each allocation: when the memory grows, earlier views
   * become invalid.
   */
  heap(): Uint8Array;
}

export async function loadPdfium(): Promise<Pdfium> {
  const file = await readFile(WASM);
  const library = await init({
    wasmBinary: file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength),
  });
  library.PDFiumExt_Init();
  // Emscripten offers these members, but the library's types leave them out.
  const module = library.pdfium as unknown as { HEAPU8: Uint8Array; wasmExports: PdfiumCalls };
  const call = module.wasmExports;
  return {
    call,
    allocate(size) {
      const at = call.malloc(size);
      if (at === 0) throw new Error("out of WASM memory");
      return at;
    },
    heap: () => module.HEAPU8,
  };
}
