#!/usr/bin/env bash
# pdf-parse 2: the text of a blank page is not blank, and the bytes that were handed in are gone afterwards.
source "$(dirname "$0")/lib/common.sh"
npm_packages pdf-parse@2.4.5
source "$here/lib/pdf.sh"
run_node <<'JS'
import { PDFParse } from "pdf-parse";
import { about, done, surprise, usual } from "./check.mjs";
import { pdf } from "./pdf.mjs";

about({
  expected: "`text.trim() === \"\"` finds a page without text, and the caller's Uint8Array can be used again (for OCR)",
  happens: "text always holds a line per page; the array has length 0 after getText, a second parse of it is refused",
});
const bytes = pdf({ content: "", fonts: "", objects: [] });
const size = bytes.length;
const result = await new PDFParse({ data: bytes }).getText();
usual("text of the page by itself", result.pages[0].text, "");
surprise("text of the document, trimmed", { actual: result.text.trim(), recorded: "-- 1 of 1 --", expected: "" });
surprise("length of the caller's bytes", { actual: bytes.length, recorded: 0, expected: size });
const again = await new PDFParse({ data: bytes }).getText().then(
  () => "works",
  (error) => error.message,
);
console.log(`          a second parse: ${again}`);
surprise("a second parse of the same array", { actual: again === "works", recorded: false, expected: true });
done();
JS
