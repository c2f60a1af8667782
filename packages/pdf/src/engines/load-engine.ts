import type { EngineName, PageEngine } from "./page-engine.ts";

/** Loads an engine's library, in the child process that uses the engine: no other process loads it. */
export async function loadEngine(name: EngineName): Promise<PageEngine> {
  if (name === "pdfium") return (await import("./pdfium-engine.ts")).createPdfiumEngine();
  return (await import("./pdf-parse-engine.ts")).createPdfParseEngine();
}
