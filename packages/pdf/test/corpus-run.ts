import type { CorpusFile } from "@docrelay/testkit";
import type { ExtractOutcome, Extractor } from "../src/index.ts";
import { similarity, wordF1 } from "./similarity.ts";

/** What one file of the corpus came to. Times in ms. */
export interface Run {
  readonly file: CorpusFile;
  /** A password was sent with it. */
  readonly opened: boolean;
  readonly outcome: ExtractOutcome;
  readonly ms: number;
  /** From the last finished page to the end. */
  readonly afterLastPageMs: number;
  /** Undefined when it is what was expected. */
  readonly wrong: string | undefined;
  /** Against the exact text, where the corpus has it. */
  readonly similarity: number | undefined;
  /** Against the words that should be there, where the corpus has them in the right order or not. */
  readonly f1: number | undefined;
}

/** Sends one file through an extractor and judges what comes out. */
export async function runFile(extractor: Extractor, file: CorpusFile, password?: string): Promise<Run> {
  const bytes = file.bytes();
  const startedAt = performance.now();
  let lastPageAt = startedAt;
  const outcome = await extractor.extract(
    { bytes, ...(password === undefined ? {} : { password }) },
    { signal: new AbortController().signal, onPage: () => void (lastPageAt = performance.now()) },
  );
  const endedAt = performance.now();
  const opened = password !== undefined;
  return {
    file,
    opened,
    outcome,
    ms: endedAt - startedAt,
    afterLastPageMs: endedAt - lastPageAt,
    wrong: wrongOf(file, outcome, opened),
    ...likeness(file, outcome),
  };
}

const EXPECTED = {
  text: "text",
  invalid: "PDF_INVALID",
  encrypted: "PDF_ENCRYPTED",
  "no-text": "PDF_NO_TEXT",
} as const;

function wrongOf(file: CorpusFile, outcome: ExtractOutcome, opened: boolean): string | undefined {
  // Of damaged files only an end in time can be expected: any outcome will do.
  if (file.expected === "any" || file.expected === "bounded") return undefined;
  const wanted = opened ? "text" : EXPECTED[file.expected];
  const got = outcome.kind === "text" ? "text" : outcome.code;
  return got === wanted ? undefined : `${file.file}: ${got} instead of ${wanted}`;
}

function likeness(file: CorpusFile, outcome: ExtractOutcome): Pick<Run, "similarity" | "f1"> {
  const truth = outcome.kind === "text" ? file.truth() : undefined;
  if (truth === undefined || outcome.kind !== "text") return { similarity: undefined, f1: undefined };
  const text = outcome.pages.join("\n");
  return {
    similarity: file.groundTruthKind === "exact" ? similarity(text, truth) : undefined,
    f1: wordF1(text, truth),
  };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
