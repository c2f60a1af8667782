import { init, type WrappedPdfiumModule } from "@embedpdf/pdfium";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { DocumentError, type OpenDocument, type PageEngine } from "./page-engine.ts";

const WASM = createRequire(import.meta.url).resolve("@embedpdf/pdfium/pdfium.wasm");
/** FPDF_GetLastError: a password is needed, or the one given is wrong. */
const ERROR_PASSWORD = 4;

let loading: Promise<WrappedPdfiumModule> | undefined;

async function load(): Promise<WrappedPdfiumModule> {
  const file = await readFile(WASM);
  const module = await init({
    wasmBinary: file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength),
  });
  module.PDFiumExt_Init();
  return module;
}

/** PDFium as WebAssembly: several times faster, and the more faithful of the two for CJK and right-to-left text. */
export function createPdfiumEngine(): PageEngine {
  return {
    async open(bytes, password) {
      const pdfium = await (loading ??= load());
      const memory = memoryOf(pdfium);
      const data = memory.malloc(bytes.length);
      memory.heap().set(bytes, data);
      const document = pdfium.FPDF_LoadMemDocument(data, bytes.length, password ?? "");
      if (document === 0) {
        const error = pdfium.FPDF_GetLastError();
        memory.free(data);
        throw new DocumentError(error === ERROR_PASSWORD ? "encrypted" : "invalid");
      }
      return openDocument(pdfium, memory, document, data);
    },
  };
}

interface Memory {
  malloc(size: number): number;
  free(at: number): void;
  /** The bytes as they are now: growing the memory makes a new view. */
  heap(): Uint8Array;
}

/** What Emscripten offers and the library's types leave out. */
function memoryOf({ pdfium }: WrappedPdfiumModule): Memory {
  const module = pdfium as unknown as { HEAPU8: Uint8Array; wasmExports: Pick<Memory, "malloc" | "free"> };
  const { malloc, free } = module.wasmExports;
  return {
    malloc(size) {
      const at = malloc(size);
      if (at === 0) throw new Error("out of WASM memory");
      return at;
    },
    free,
    heap: () => module.HEAPU8,
  };
}

function openDocument(pdfium: WrappedPdfiumModule, memory: Memory, document: number, data: number): OpenDocument {
  return {
    pages: pdfium.FPDF_GetPageCount(document),
    // Closed whatever happens: an open page holds megabytes of WASM memory that nothing gives back.
    async text(number) {
      const page = pdfium.FPDF_LoadPage(document, number - 1);
      if (page === 0) throw new Error("the page cannot be loaded");
      try {
        const text = pdfium.FPDFText_LoadPage(page);
        if (text === 0) throw new Error("the page's text cannot be loaded");
        try {
          return read(pdfium, memory, text);
        } finally {
          pdfium.FPDFText_ClosePage(text);
        }
      } finally {
        pdfium.FPDF_ClosePage(page);
      }
    },
    async close() {
      pdfium.FPDF_CloseDocument(document);
      memory.free(data);
    },
  };
}

function read(pdfium: WrappedPdfiumModule, memory: Memory, text: number): string {
  const count = pdfium.FPDFText_CountChars(text);
  if (count <= 0) return "";
  // UTF-16 with a closing NUL; a character beyond the basic plane takes two units.
  const units = count * 2 + 1;
  const at = memory.malloc(units * 2);
  try {
    const written = pdfium.FPDFText_GetText(text, 0, count, at);
    const heap = memory.heap();
    return Buffer.from(heap.buffer, heap.byteOffset + at, Math.max(0, written - 1) * 2).toString("utf16le");
  } finally {
    memory.free(at);
  }
}
