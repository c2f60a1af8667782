#!/usr/bin/env bash
# In a document that is bound on the right, PDFium returns the words of Latin lines in reverse order.
source "$(dirname "$0")/lib/common.sh"
npm_packages @embedpdf/pdfium@2.15.1 pdfjs-dist@6.5.438
source "$here/lib/pdf.sh"
source "$here/lib/pdfium.sh"
run_node <<'JS'
import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";
import { about, done, surprise, usual } from "./check.mjs";
import { pdf } from "./pdf.mjs";
import { textByPdfium } from "./pdfium.mjs";

about({
  expected: "/ViewerPreferences /Direction /R2L says how pages lie side by side, and changes nothing in a line of Latin text",
  happens: "PDFium gives the words of the line from right to left, each word in its own order; pdf.js does not",
});
const LINE = "The garden of lemons";
const page = {
  content: `BT /F 12 Tf 20 120 Td (${LINE}) Tj ET`,
  fonts: "/F 5 0 R",
  objects: ["<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"],
};
const plain = pdf(page);
const bound = pdf({ ...page, catalog: "/ViewerPreferences << /Direction /R2L >>" });

async function byPdfjs(bytes) {
  const page = await (await getDocument({ data: bytes.slice(), verbosity: 0 }).promise).getPage(1);
  return (await page.getTextContent()).items.map((item) => item.str).join("");
}
usual("PDFium, without the entry", textByPdfium(plain), LINE);
usual("pdf.js, with it", await byPdfjs(bound), LINE);
surprise("PDFium, with it", { actual: textByPdfium(bound), recorded: "lemons of garden The", expected: LINE });
done();
JS
