import type { EngineName, PageEngine } from "./page-engine.ts";

/** Loads the library of a PDF engine. Called in child processes only. */
export async function loadEngine(name: EngineName): Promise<PageEngine> {
  if (name === "pdfium") return (await import("./pdfium-engine.ts")).createPdfiumEngine();
  return (await import("./pdf-parse-engine.ts")).createPdfParseEngine();
}
