import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { ESTIMATED, estimatedLines } from "../text/estimated-lines.ts";
import { DocumentError, type PageEngine } from "./page-engine.ts";
import { editPdfjs } from "./pdfjs-edits.ts";

/**
 * The folder of pdfjs, on which pdf-parse depends. It has the character maps (cMaps), without which CJK text is lost,
 * and fonts.
 */
const PDFJS = dirname(
  createRequire(createRequire(import.meta.url).resolve("pdf-parse")).resolve("pdfjs-dist/package.json"),
);
const folder = (name: string): string => `${pathToFileURL(join(PDFJS, name)).href}/`.replace("file://", "");

/*
 * Loads pdf-parse. pdfjs needs the classes below for drawing and would take them from a native canvas, which a child
 * may not load. Nothing is drawn here, so empty classes are enough.
 */
async function load(): Promise<typeof import("pdf-parse")> {
  class Nothing {}
  editPdfjs();
  for (const name of ["DOMMatrix", "ImageData", "Path2D"]) Object.assign(globalThis, { [name]: Nothing });
  return import("pdf-parse");
}

/**
 * A PDF engine that uses pdf-parse (pdfjs): slower than PDFium, separates table cells by tabs, and reads some files
 * that PDFium cannot read.
 */
export async function createPdfParseEngine(): Promise<PageEngine> {
  const { PasswordException, PDFParse } = await load();
  return {
    async open(bytes, password) {
      const parser = new PDFParse({
        data: bytes,
        ...(password === undefined ? {} : { password }),
        cMapUrl: folder("cmaps"),
        cMapPacked: true,
        standardFontDataUrl: folder("standard_fonts"),
        isEvalSupported: false,
        useSystemFonts: false,
        verbosity: 0,
      });
      // This call reads no page and returns only the number of pages. `getInfo` would also read the outline.
      const { total } = await parser.getText({ partial: [0] }).catch((cause: unknown) => {
        throw new DocumentError(cause instanceof PasswordException ? "encrypted" : "invalid", { cause });
      });
      return {
        pages: total,
        async read(page) {
          const result = await parser.getText({
            partial: [page],
            pageJoiner: "",
            cellSeparator: "\t",
            lineEnforce: true,
          });
          // pdf-parse does not report pictures, so a page without text may be a scan.
          const text = result.pages[0]?.text ?? "";
          return { lines: estimatedLines(inOrder(text)), precision: ESTIMATED, pictured: text.trim() === "" };
        },
        close: () => parser.destroy(),
      };
    },
  };
}

const RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const TAB_BEFORE_POINT = /\s*\t\s*(?=[.,:;!?\u060c\u061b\u061f])/g;
// Matches an alef and the lam-alef ligature after it whose two letters came out in the wrong order: in no word does an
// alef stand before an alef with hamza or madda.
const TURNED_LIGATURE = /\u0627([\u0622\u0623\u0625])\u0644/g;

/**
 * Removes wrong tabs from a right-to-left line, and mends its ligatures. pdf-parse finds table cells by distances from
 * left to right, so in such a line it puts tabs between any two pieces of text.
 */
function rightToLeft(line: string): string {
  return line
    .replace(TAB_BEFORE_POINT, "")
    .replace(/\s*\t\s*/g, " ")
    .replace(TURNED_LIGATURE, "\u0627\u0644$1");
}

function inOrder(text: string): string {
  return text.replace(/.*/g, (line) => (RTL.test(line) ? rightToLeft(line) : line));
}
