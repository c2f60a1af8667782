import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { OWN_PDFS, type OwnPdf } from "./own-pdfs.ts";

/** The folder beside the project that may hold more PDFs and bad inputs for tests. */
const SHARED = join(import.meta.dirname, "../../../../../shared");

export interface CorpusFile {
  readonly file: string;
  readonly category: string;
  readonly expected: OwnPdf["expected"] | "bounded";
  readonly pages?: number;
  readonly userPassword?: string;
  /** `exact`: the text in reading order. `words`: its words, in any order. */
  readonly groundTruthKind?: string;
  bytes(): Uint8Array;
  /** What it says; undefined where that is not known. */
  truth(): string | undefined;
}

/** A file of `../shared`, or undefined when the folder is absent: then tests run on what the project has itself. */
export function shared(name: string): string | undefined {
  const path = join(SHARED, name);
  return existsSync(path) ? path : undefined;
}

/** PDFs for tests: those made here, and those of `../shared` where it is there. */
export function corpus(): CorpusFile[] {
  return [...OWN_PDFS.map(own), ...sharedCorpus()];
}

function own({ truth, ...pdf }: OwnPdf): CorpusFile {
  return {
    ...pdf,
    file: `own/${pdf.file}`,
    category: pdf.file.slice(0, pdf.file.indexOf("/")),
    ...(truth === undefined ? {} : { groundTruthKind: "exact" }),
    truth: () => truth,
  };
}

/** The PDFs of `../shared` alone; none when it is absent. */
export function sharedCorpus(): CorpusFile[] {
  const manifest = shared("corpus/manifest.json");
  if (!manifest) return [];
  const { files } = JSON.parse(readFileSync(manifest, "utf8")) as {
    files: Array<Omit<CorpusFile, "bytes" | "truth"> & { groundTruth?: string }>;
  };
  const contents = (name: string): Buffer => readFileSync(join(SHARED, "corpus", name));
  return files.map(({ groundTruth, ...file }) => ({
    ...file,
    bytes: () => contents(file.file),
    truth() {
      if (groundTruth === undefined) return undefined;
      const stored = contents(groundTruth);
      return (groundTruth.endsWith(".gz") ? gunzipSync(stored) : stored).toString("utf8");
    },
  }));
}
