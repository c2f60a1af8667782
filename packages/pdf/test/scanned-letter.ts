import { makePdf, type Picture } from "@docrelay/testkit";
import { draw } from "../src/engines/pdfium-draw.ts";
import { loadPdfium } from "../src/engines/pdfium.ts";
import { pictureOf } from "../src/ocr/pgm.ts";

export const LETTER = [
  "Dear Ms Hopper,",
  "",
  "thank you for the moth that you sent us on 9 September. We have kept it in the",
  "logbook with a strip of tape and have shown it to everybody who came by; most of",
  "them had never seen one from so near. The relay in panel F works again.",
  "",
  "Would you be so kind as to tell us how it came there? We would like to be spared",
  "the next one. The invoice over 47.50 will follow by the end of the month.",
  "",
  "Yours sincerely,",
  "Howard Aiken",
].join("\n");

/** Draws the first page of a PDF as a grey picture. */
export async function drawnPage(bytes: Uint8Array): Promise<Picture> {
  const pdfium = await loadPdfium();
  const at = pdfium.allocate(bytes.length + 1);
  pdfium.heap().set(bytes, at);
  const document = pdfium.call.FPDF_LoadMemDocument(at, bytes.length, at + bytes.length);
  const { width, height, grey } = pictureOf(draw(pdfium, pdfium.call.FPDF_LoadPage(document, 0)));
  return { width, height, grey: grey.slice() };
}

/** Makes what a scanner makes of a page with this text: a grey picture with dust. */
export async function scan(text: string): Promise<Picture> {
  const { width, height, grey } = await drawnPage(makePdf({ pages: [text] }));
  for (let dust = 7; dust < grey.length; dust += 4999) grey[dust] = 90;
  return { width, height, grey };
}
