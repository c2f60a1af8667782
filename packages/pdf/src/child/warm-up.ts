import { pageText } from "../text/layout.ts";
import type { PageEngine } from "../engines/page-engine.ts";

/** Two columns of text, so that the code for columns and tables is compiled, too. */
const LINES = Array.from(
  { length: 12 },
  (_, index) =>
    `BT /F 11 Tf 72 ${720 - 14 * index} Td (Line ${index} of a small page,) Tj 200 0 Td (${index * 37}.50) Tj ET`,
);

/**
 * Reads a small PDF, so that the engine's code is compiled before the first file comes: WebAssembly functions are
 * compiled when they are first called. The first file of a child took 53 ms, the next one 2 ms.
 */
export async function warmUp(engine: PageEngine): Promise<void> {
  const document = await engine.open(smallPdf(LINES.join("\n")), undefined);
  const { lines, precision } = await document.read(1);
  pageText(lines, precision);
  await document.close();
}

/** Makes a PDF of one page with this content. */
function smallPdf(content: string): Uint8Array {
  const objects = [
    "<</Type/Catalog/Pages 2 0 R>>",
    "<</Type/Pages/Kids[3 0 R]/Count 1>>",
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F 4 0 R>>>>/Contents 5 0 R>>",
    "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    `<</Length ${content.length}>>stream\n${content}\nendstream`,
  ];
  let pdf = "%PDF-1.7\n";
  let table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`;
  for (const [index, object] of objects.entries()) {
    table += `${String(pdf.length).padStart(10, "0")} 00000 n \n`;
    pdf += `${index + 1} 0 obj\n${object}\nendobj\n`;
  }
  const trailer = `trailer<</Root 1 0 R/Size ${objects.length + 1}>>\nstartxref\n${pdf.length}\n%%EOF\n`;
  return Buffer.from(pdf + table + trailer, "latin1");
}
