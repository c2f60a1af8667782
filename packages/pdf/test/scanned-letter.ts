import { makePdf, type Picture } from "@docrelay/testkit";
import { draw } from "../src/engines/pdfium-draw.ts";
import { loadPdfium } from "../src/engines/pdfium.ts";

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

/** Makes what a scanner makes of a page with this text: a grey picture with dust. */
export async function scan(text: string): Promise<Picture> {
  const pdfium = await loadPdfium();
  const bytes = makePdf({ pages: [text] });
  const at = pdfium.allocate(bytes.length + 1);
  pdfium.heap().set(bytes, at);
  const document = pdfium.call.FPDF_LoadMemDocument(at, bytes.length, at + bytes.length);
  const pgm = draw(pdfium, pdfium.call.FPDF_LoadPage(document, 0));
  const [header = "", width, height] =
    /^P5 (\d+) (\d+) 255\n/.exec(Buffer.from(pgm.subarray(0, 40)).toString("latin1")) ?? [];
  const grey = pgm.slice(header.length);
  for (let dust = 7; dust < grey.length; dust += 4999) grey[dust] = 90;
  return { width: Number(width), height: Number(height), grey };
}
