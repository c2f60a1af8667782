import { assemble, type PdfObject } from "@docrelay/testkit";
import { createPdfiumEngine } from "../src/engines/pdfium-engine.ts";
import type { ReadPage } from "../src/engines/page-engine.ts";
import { pageText } from "../src/text/layout.ts";

/* Makes small PDFs of one page, and reads them with PDFium. */

export const engine = createPdfiumEngine();
export const HELVETICA = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>";

export interface OnePage {
  readonly content: string;
  /** Entries for the page's dictionary. They may refer to `objects`, whose numbers begin at 6. */
  readonly page?: string;
  /** More resources than the font, such as `/XObject << /X1 6 0 R >>`. */
  readonly resources?: string;
  readonly catalog?: string;
  readonly font?: string;
  readonly objects?: readonly PdfObject[];
}

export function onePage({
  content,
  page = "",
  resources: more = "",
  catalog = "",
  font = HELVETICA,
  objects = [],
}: OnePage): Uint8Array {
  const resources = `/Resources << /Font << /F1 4 0 R >> ${more} >>`;
  return assemble([
    `<< /Type /Catalog /Pages 2 0 R ${catalog} >>`,
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 5 0 R ${resources} ${page} >>`,
    font,
    { dictionary: "", content },
    ...objects,
  ]);
}

export const line = (y: number, text: string, x = 72): string => `BT /F1 11 Tf ${x} ${y} Td (${text}) Tj ET\n`;

export async function readFirst(bytes: Uint8Array): Promise<ReadPage> {
  const document = await engine.open(bytes, undefined);
  try {
    return await document.read(1);
  } finally {
    await document.close();
  }
}
export const textOf = async (bytes: Uint8Array): Promise<string> => {
  const { lines, precision } = await readFirst(bytes);
  return pageText(lines, precision);
};
