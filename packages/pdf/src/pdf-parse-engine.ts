import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Line } from "./layout.ts";
import { DocumentError, type PageEngine } from "./page-engine.ts";

/** pdfjs is pdf-parse's own dependency: its character maps and fonts lie beside it. Without cMaps CJK text is lost. */
const PDFJS = dirname(
  createRequire(createRequire(import.meta.url).resolve("pdf-parse")).resolve("pdfjs-dist/package.json"),
);
const folder = (name: string): string => `${pathToFileURL(join(PDFJS, name)).href}/`.replace("file://", "");

/*
 * pdfjs wants these for drawing when it is loaded, and would take them from a native canvas, which a child may not
 * load. Nothing is drawn here.
 */
async function load(): Promise<typeof import("pdf-parse")> {
  class Nothing {}
  for (const name of ["DOMMatrix", "ImageData", "Path2D"]) Object.assign(globalThis, { [name]: Nothing });
  return import("pdf-parse");
}

/** pdf-parse (pdfjs): slower, keeps table cells apart with tabs, reads some files that PDFium does not. */
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
      const { total } = await parser.getInfo().catch((cause: unknown) => {
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
          // It does not say what else is on a page: one without text may be a scan.
          const text = result.pages[0]?.text ?? "";
          return { lines: linesOf(text), precision: { slack: 0.12 }, pictured: text.trim() === "" };
        },
        close: () => parser.destroy(),
      };
    },
  };
}

const RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const WIDE = /[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/g;
const TAB_BEFORE_POINT = /\s*\t\s*(?=[.,:;!?\u060c\u061b\u061f])/g;
// A lam-alef ligature turned round: no word has an alef before an alef with hamza.
const TURNED_LIGATURE = /\u0627([\u0622\u0623\u0625])\u0644/g;

/** pdf-parse gives no places: widths are reckoned from the letters, of a type that is two letters wide to the em. */
function linesOf(text: string): Line[] {
  return text.split("\n").map((raw, index) => {
    const line = RTL.test(raw) ? rightToLeft(raw) : raw;
    const width = (line.trim().length + (line.match(WIDE)?.length ?? 0)) / 2;
    return { text: line, left: 0, right: width, baseline: -1.2 * index, size: width > 0 ? 1 : 0 };
  });
}

/** Cells are found by distances from left to right, which in a right-to-left line are between any two pieces. */
function rightToLeft(line: string): string {
  return line
    .replace(TAB_BEFORE_POINT, "")
    .replace(/\s*\t\s*/g, " ")
    .replace(TURNED_LIGATURE, "\u0627\u0644$1");
}
