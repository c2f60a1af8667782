import type { CorpusFile } from "@docrelay/testkit";
import type { ExtractOutcome, Extractor } from "../src/index.ts";
import { similarity, wordF1 } from "./similarity.ts";

/** The result of one file of the corpus. Times are in ms. */
export interface Run {
  readonly file: CorpusFile;
  /** Whether a password was given. */
  readonly opened: boolean;
  readonly outcome: ExtractOutcome;
  readonly ms: number;
  readonly afterLastPageMs: number;
  /** How the outcome differs from the expected one; undefined if it does not. */
  readonly wrong: string | undefined;
  /** How similar the text is to the exact text, 0 to 1; undefined if the corpus does not have the exact text. */
  readonly similarity: number | undefined;
  /** The F1 score of the words, 0 to 1; undefined if the corpus does not have the expected words. */
  readonly f1: number | undefined;
}

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
  // For a damaged file any outcome is right, as long as there is one in time.
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
