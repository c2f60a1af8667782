import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { ESTIMATED, estimatedLines } from "../text/estimated-lines.ts";
import { DocumentError, type PageEngine } from "./page-engine.ts";
import { editPdfjs } from "./pdfjs-edits.ts";

/**
 * The folder of pdfjs, on which pdf-parse depends. It has fonts, and the character maps (cMaps) without which pdfjs
 * loses Chinese, Japanese and Korean text.
 */
const PDFJS = dirname(
  createRequire(createRequire(import.meta.url).resolve("pdf-parse")).resolve("pdfjs-dist/package.json"),
);
const folder = (name: string): string => `${pathToFileURL(join(PDFJS, name)).href}/`.replace("file://", "");

/*
 * Loads pdf-parse. pdfjs wants these three classes for drawing, and would load a native canvas to get them, which a
 * child may not do. As nothing is drawn here, empty classes are enough.
 */
async function load(): Promise<typeof import("pdf-parse")> {
  class Nothing {}
  editPdfjs();
  for (const name of ["DOMMatrix", "ImageData", "Path2D"]) Object.assign(globalThis, { [name]: Nothing });
  return import("pdf-parse");
}

/**
 * The PDF engine pdf-parse, which uses pdfjs. It is slower than PDFium, and reads some files that PDFium cannot read.
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
      // Reads no page: only the number of pages is needed. (`getInfo` would also read the outline.)
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
          // pdf-parse does not report whether a page has pictures, so a page without text counts as a scan.
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
// Matches an alef before the two letters of a lam-alef ligature that came out in the wrong order. No word has an alef
// before an alef with hamza or madda, so such a pair shows the wrong order.
const TURNED_LIGATURE = /\u0627([\u0622\u0623\u0625])\u0644/g;

/**
 * Removes wrong tabs from a right-to-left line, and mends its ligatures. pdf-parse looks for cells from left to right,
 * so in a right-to-left line it writes tabs between parts that belong together.
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
