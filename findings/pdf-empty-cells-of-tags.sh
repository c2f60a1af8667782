#!/usr/bin/env bash
# PDFium's structure tree of a page has no element for an empty table cell, and so no role or span of it.
source "$(dirname "$0")/lib/common.sh"
npm_packages @embedpdf/pdfium@2.15.1 pdfjs-dist@6.5.438
source "$here/lib/pdf.sh"
run_node <<'JS'
import { init } from "@embedpdf/pdfium";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";
import { about, done, surprise, usual } from "./check.mjs";
import { pdf } from "./pdf.mjs";

about({
  expected: "the structure tree of a page shows a row of three cells, of which the second has no content, as three cells",
  happens: "PDFium counts three children, and has no element for the second; pdf.js has three",
});
const word = (id, x, text) => `/TD << /MCID ${id} >> BDC BT /F 12 Tf ${x} 120 Td (${text}) Tj ET EMC`;
const cell = (content) => `<< /Type /StructElem /S /TD /P 9 0 R /Pg 3 0 R ${content} >>`;
const bytes = pdf({
  content: `${word(0, 20, "Rope")} ${word(1, 220, "12")}`,
  fonts: "/F 5 0 R",
  catalog: "/MarkInfo << /Marked true >> /StructTreeRoot 6 0 R",
  objects: [
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    "<< /Type /StructTreeRoot /K 8 0 R /ParentTree 7 0 R >>",
    "<< /Nums [0 [10 0 R 12 0 R]] >>",
    "<< /Type /StructElem /S /Table /P 6 0 R /K 9 0 R >>",
    "<< /Type /StructElem /S /TR /P 8 0 R /K [10 0 R 11 0 R 12 0 R] >>",
    cell("/K 0"),
    cell(""),
    cell("/K 1"),
  ],
  page: "/StructParents 0",
});

const wasmBinary = readFileSync(createRequire(import.meta.url).resolve("@embedpdf/pdfium/pdfium.wasm"));
const pdfium = await init({ wasmBinary });
pdfium.PDFiumExt_Init();
const at = pdfium.pdfium.wasmExports.malloc(bytes.length);
pdfium.pdfium.HEAPU8.set(bytes, at);
const page = pdfium.FPDF_LoadPage(pdfium.FPDF_LoadMemDocument(at, bytes.length, ""), 0);
const tree = pdfium.FPDF_StructTree_GetForPage(page);
const row = pdfium.FPDF_StructElement_GetChildAtIndex(pdfium.FPDF_StructTree_GetChildAtIndex(tree, 0), 0);
const count = pdfium.FPDF_StructElement_CountChildren(row);
const found = Array.from({ length: count }, (_, index) => pdfium.FPDF_StructElement_GetChildAtIndex(row, index) !== 0);
usual("PDFium, number of the row's children", count, 3);
surprise("PDFium, which of them it returns", { actual: found, recorded: [true, false, true], expected: [true, true, true] });

const first = await (await getDocument({ data: bytes.slice(), verbosity: 0 }).promise).getPage(1);
const [table] = (await first.getStructTree()).children;
const cells = table.children[0].children.map(({ role }) => role);
usual("pdf.js, the row's children", cells, ["TD", "TD", "TD"]);
done();
JS
