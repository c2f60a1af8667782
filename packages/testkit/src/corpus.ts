import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The folder beside the project that holds PDFs and bad inputs for tests, if it is there. */
const SHARED = join(import.meta.dirname, "../../../../shared");

export interface CorpusFile {
  readonly file: string;
  readonly category: string;
  readonly expected: "text" | "invalid" | "encrypted" | "no-text" | "bounded" | "any";
  readonly pages?: number;
  readonly userPassword?: string;
  readonly groundTruth?: string;
  readonly groundTruthKind?: string;
  readonly reference?: string;
}

/** A file of `../shared`, or undefined when the folder is absent: then a test says that it is skipped, and why. */
export function shared(name: string): string | undefined {
  const path = join(SHARED, name);
  return existsSync(path) ? path : undefined;
}

/** The corpus's manifest; empty when it is absent. */
export function corpus(): CorpusFile[] {
  const manifest = shared("corpus/manifest.json");
  if (!manifest) return [];
  return (JSON.parse(readFileSync(manifest, "utf8")) as { files: CorpusFile[] }).files;
}
