import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { OWN_PDFS, type OwnPdf } from "./own-pdfs.ts";

/** A folder outside of the project that may have more PDFs and malformed inputs for tests. */
const SHARED = join(import.meta.dirname, "../../../../../shared");

export interface CorpusFile {
  readonly file: string;
  readonly category: string;
  readonly expected: OwnPdf["expected"] | "bounded";
  readonly pages?: number;
  readonly userPassword?: string;
  /** What `truth` returns. `exact`: the text in reading order. `words`: the words of the text in any order. */
  readonly groundTruthKind?: string;
  bytes(): Uint8Array;
  /** Returns the text that an extraction should return; undefined when that is not known. */
  truth(): string | undefined;
}

/** The path of a file in `../shared`; undefined when it is missing. Tests then use only the project's own files. */
export function shared(name: string): string | undefined {
  const path = join(SHARED, name);
  return existsSync(path) ? path : undefined;
}

/** The PDFs for tests: those made by this package, and those of `../shared` if the folder exists. */
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

/** Only the PDFs of `../shared`; none when the folder is missing. */
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
