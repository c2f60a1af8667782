import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
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
        async text(page) {
          const result = await parser.getText({
            partial: [page],
            pageJoiner: "",
            cellSeparator: "\t",
            lineEnforce: true,
          });
          return result.pages[0]?.text ?? "";
        },
        close: () => parser.destroy(),
      };
    },
  };
}
