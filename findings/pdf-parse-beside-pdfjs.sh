#!/usr/bin/env bash
# If pdf-parse and a newer pdfjs-dist are used in one process, the one that is used second fails, though each has its
# own copy.
source "$(dirname "$0")/lib/common.sh"
npm_packages pdf-parse@2.4.5 pdfjs-dist@6.5.438
source "$here/lib/pdf.sh"
cat >both.mjs <<'JS'
import { pdf } from "./pdf.mjs";
const bytes = () =>
  pdf({
    content: "BT /F 20 Tf 20 120 Td (Total) Tj ET",
    fonts: "/F 5 0 R",
    objects: ["<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"],
  });
export const readers = {
  async "pdf-parse"() {
    const { PDFParse } = await import("pdf-parse");
    return (await new PDFParse({ data: bytes() }).getText()).pages[0].text;
  },
  async "pdfjs-dist"() {
    const { getDocument } = await import("pdfjs-dist/legacy/build/pdf.mjs");
    const document = await getDocument({ data: bytes(), verbosity: 0 }).promise;
    return (await (await document.getPage(1)).getTextContent()).items[0].str;
  },
};
export const attempt = (name) => readers[name]().catch((error) => error.message);
JS
run_node <<'JS'
import { execFileSync } from "node:child_process";
import { about, done, surprise, usual } from "./check.mjs";

about({
  expected: "two versions of a library in their own folders of node_modules do not know of each other",
  happens: "both look for the worker's half under one global name: the second takes the first one's and is refused",
});
function inOneProcess(...names) {
  const script = `const { attempt } = await import("./both.mjs"); const out = [];
    for (const name of ${JSON.stringify(names)}) out.push(await attempt(name));
    console.log(JSON.stringify(out)); process.exit();`;
  const printed = execFileSync("node", ["--input-type=module", "-e", script], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  return JSON.parse(printed.trim().split("\n").at(-1));
}
usual("pdf-parse alone", inOneProcess("pdf-parse"), ["Total"]);
usual("pdfjs-dist alone", inOneProcess("pdfjs-dist"), ["Total"]);
surprise("pdf-parse, then pdfjs-dist", {
  actual: inOneProcess("pdf-parse", "pdfjs-dist"),
  recorded: ["Total", 'The API version "6.5.438" does not match the Worker version "5.4.296".'],
  expected: ["Total", "Total"],
});
surprise("pdfjs-dist, then pdf-parse", {
  actual: inOneProcess("pdfjs-dist", "pdf-parse"),
  recorded: ["Total", 'The API version "5.4.296" does not match the Worker version "6.5.438".'],
  expected: ["Total", "Total"],
});
done();
JS
