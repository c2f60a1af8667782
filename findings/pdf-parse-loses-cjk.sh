#!/usr/bin/env bash
# Unless pdf-parse is told where character maps are, it returns a page without its Japanese text, and reports no error.
source "$(dirname "$0")/lib/common.sh"
npm_packages pdf-parse@2.4.5
source "$here/lib/pdf.sh"
run_node <<'JS'
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { PDFParse } from "pdf-parse";
import { about, done, surprise, usual } from "./check.mjs";
import { pdf } from "./pdf.mjs";

about({
  expected: "text in one of PDF's predefined encodings (90ms-RKSJ-H) comes out, or getText rejects: the maps are installed",
  happens: "by default all text in that font is missing from a normal result; with cMapUrl of the same package it is there",
});
const document = () =>
  pdf({
    content: "BT /F 20 Tf 20 120 Td (Total) Tj ET BT /J 20 Tf 20 80 Td <8abf8e9a> Tj ET",
    fonts: "/F 5 0 R /J 6 0 R",
    objects: [
      "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
      "<< /Type /Font /Subtype /Type0 /BaseFont /HeiseiMin-W3 /Encoding /90ms-RKSJ-H /DescendantFonts [7 0 R] >>",
      "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HeiseiMin-W3 /FontDescriptor 8 0 R /DW 1000 " +
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> >>",
      "<< /Type /FontDescriptor /FontName /HeiseiMin-W3 /Flags 4 /FontBBox [0 -200 1000 900] /ItalicAngle 0 " +
        "/Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>",
    ],
  });
const read = async (options) => (await new PDFParse({ data: document(), ...options }).getText()).pages[0].text.split(/\s+/).filter(Boolean);
const fromParse = createRequire(createRequire(import.meta.url).resolve("pdf-parse"));
const maps = `${join(dirname(fromParse.resolve("pdfjs-dist/package.json")), "cmaps")}/`;
const whole = ["Total", "漢字"];
usual("with cMapUrl", await read({ cMapUrl: maps, cMapPacked: true }), whole);
surprise("by default", { actual: await read({}), recorded: ["Total"], expected: whole });
done();
JS
