/**
 * The functions of PDFium's C interface with which tags are read. Handles and addresses are numbers, booleans are 0 or 1.
 */
export interface TagCalls {
  free(at: number): void;
  FPDFPage_CountObjects(page: number): number;
  FPDFPage_GetObject(page: number, index: number): number;
  FPDFPageObj_GetType(object: number): number;
  FPDFPageObj_GetBounds(object: number, left: number, bottom: number, right: number, top: number): number;
  /** The number of a page object's marked content, by which an element of the structure tree names it; -1 if it has none. */
  FPDFPageObj_GetMarkedContentID(object: number): number;
  /** Whether the document says that its content is tagged. */
  FPDFCatalog_IsTagged(document: number): number;
  FPDF_StructTree_GetForPage(page: number): number;
  FPDF_StructTree_Close(tree: number): void;
  FPDF_StructTree_CountChildren(tree: number): number;
  FPDF_StructTree_GetChildAtIndex(tree: number, index: number): number;
  FPDF_StructElement_CountChildren(element: number): number;
  /** Returns 0 if the child is content, or an element that has nothing on this page. */
  FPDF_StructElement_GetChildAtIndex(element: number, index: number): number;
  FPDF_StructElement_GetChildMarkedContentID(element: number, index: number): number;
  /** Writes the name of an element's kind to `at`, in UTF-16. Returns its length in bytes, with the NUL at its end. */
  FPDF_StructElement_GetType(element: number, at: number, size: number): number;
  FPDF_StructElement_GetAttributeCount(element: number): number;
  FPDF_StructElement_GetAttributeAtIndex(element: number, index: number): number;
  FPDF_StructElement_Attr_GetValue(attribute: number, key: number): number;
  /** Writes a number, as a 32-bit float, to the address `at`. */
  FPDF_StructElement_Attr_GetNumberValue(value: number, at: number): number;
}

/** PDFium, as far as the reading of tags needs it. The members are those of `Pdfium`. */
export interface TagSource {
  readonly call: TagCalls;
  allocate(size: number): number;
  heap(): Uint8Array;
}
