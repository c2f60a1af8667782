#!/usr/bin/env bash
# If one glyph stands for the two Arabic letters lam and alef, PDFium and pdf.js swap them when they reverse the line.
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
  expected: "what a font's ToUnicode map gives for one glyph, lam + alef, keeps its order in the text",
  happens: "the line is put into reading order letter by letter, and the pair comes out as alef + lam in both",
});
// Glyph A is the ligature (U+0644 U+0627), B is beh, C is seen. Drawn from left to right: the word begins at the right.
const MAP = `/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Own def /CMapType 2 def
1 begincodespacerange <00> <FF> endcodespacerange
3 beginbfchar <41> <06440627> <42> <0628> <43> <0633> endbfchar endcmap end end`;
const document = (glyphs) =>
  pdf({
    content: `BT /F 20 Tf 20 120 Td (${glyphs}) Tj ET`,
    fonts: "/F 5 0 R",
    objects: [
      "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /FirstChar 65 /LastChar 67 /Widths [600 600 600] /ToUnicode 6 0 R >>",
      `<< /Length ${MAP.length} >>\nstream\n${MAP}\nendstream`,
    ],
  });
const names = { "\u0644": "lam", "\u0627": "alef", "\u0628": "beh", "\u0633": "seen" };
const spell = (text) => [...text].map((letter) => names[letter] ?? letter).join(" ");

const byPdfium = (bytes) => spell(textByPdfium(bytes));
async function byPdfjs(bytes) {
  const page = await (await getDocument({ data: bytes, verbosity: 0 }).promise).getPage(1);
  return spell((await page.getTextContent()).items.map((item) => item.str).join(""));
}
for (const [name, read] of Object.entries({ PDFium: byPdfium, "pdf.js": byPdfjs })) {
  usual(`${name}, seen beh as two glyphs`, await read(document("BC")), "seen beh");
  surprise(`${name}, the ligature between them`, {
    actual: await read(document("BAC")),
    recorded: "seen alef lam beh",
    expected: "seen lam alef beh",
  });
}
done();
JS
