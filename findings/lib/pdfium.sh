# Scripts source this file after common.sh. It writes pdfium.mjs, which reads the text of a PDF's first page by
# @embedpdf/pdfium.
cat >pdfium.mjs <<'JS'
import { init } from "@embedpdf/pdfium";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const wasmBinary = readFileSync(createRequire(import.meta.url).resolve("@embedpdf/pdfium/pdfium.wasm"));
const pdfium = await init({ wasmBinary });
pdfium.PDFiumExt_Init();

export function textByPdfium(bytes) {
  const { HEAPU8, wasmExports } = pdfium.pdfium;
  const at = wasmExports.malloc(bytes.length);
  HEAPU8.set(bytes, at);
  const page = pdfium.FPDF_LoadPage(pdfium.FPDF_LoadMemDocument(at, bytes.length, ""), 0);
  const text = pdfium.FPDFText_LoadPage(page);
  const room = wasmExports.malloc(200);
  const units = pdfium.FPDFText_GetText(text, 0, 90, room);
  return Buffer.from(pdfium.pdfium.HEAPU8.slice(room, room + (units - 1) * 2)).toString("utf16le");
}
JS
