import { makePdf, shared } from "@docrelay/testkit";
import { readFileSync } from "node:fs";
import { LETTER, scan } from "../test/scanned-letter.ts";
import { STALL, startObeying } from "../test/obeying.ts";
import { similarity } from "../test/similarity.ts";
import { startChild } from "../src/children/child-process.ts";
import { createCoreWatch, createExtractor, findRecogniser, type ExtractLimits } from "../src/index.ts";
import { median } from "./table.ts";

const signal = new AbortController().signal;
const TIMES = 5;

async function medianOf(measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let time = 0; time < TIMES; time++) values.push(await measure());
  return median(values);
}

/** Measures how many ms pass from the start of a child until the child can read a file. */
export function coldStart(engine: "pdfium" | "pdf-parse"): Promise<number> {
  return medianOf(async () => {
    const begun = performance.now();
    const child = startChild(engine, createCoreWatch());
    await child.ready;
    const ms = performance.now() - begun;
    child.kill();
    return ms;
  });
}

/**
 * Measures, on a file of 1,500 pages, after how many ms the first page is read, and after how many ms all pages are.
 * Undefined without ../shared.
 */
export async function longFile(limits: ExtractLimits): Promise<{ firstMs: number; allMs: number } | undefined> {
  const path = shared("corpus/huge/huge-1500-pages-a.pdf");
  if (path === undefined) return undefined;
  const bytes = readFileSync(path);
  await using extractor = createExtractor({ engine: "auto", concurrency: 1, limits });
  await extractor.extract({ bytes: makePdf({ pages: ["warm"] }) }, { signal });
  const all: number[] = [];
  const firstMs = await medianOf(async () => {
    const begun = performance.now();
    let first = 0;
    await extractor.extract({ bytes }, { signal, onPage: () => void (first ||= performance.now() - begun) });
    all.push(performance.now() - begun);
    return first;
  });
  return { firstMs, allMs: median(all) };
}

/** Measures how many ms pass from the kill of an extractor's only child until the next file's text is there. */
export async function afterKill(limits: ExtractLimits): Promise<number> {
  const short = { ...limits, stallMs: 300 };
  await using extractor = createExtractor({ engine: "auto", concurrency: 1, limits: short }, startObeying);
  const stuck = makePdf({ pages: [STALL] });
  return await medianOf(async () => {
    await extractor.extract({ bytes: stuck }, { signal });
    const killed = performance.now();
    await extractor.extract({ bytes: makePdf({ pages: ["next"] }) }, { signal });
    return performance.now() - killed;
  });
}

/**
 * Measures how many ms it takes to read a scanned letter with OCR, and how similar the text is to the letter's (0 to
 * 1). `path`: the PATH on which the program `tesseract` is looked for.
 */
export async function scannedLetter(
  limits: ExtractLimits,
  path: string,
): Promise<{ name: string; ms: number; likeness: number }> {
  const recogniser = await findRecogniser({ languages: ["eng"], path, memoryBytes: limits.memoryBytes });
  const ocr = { recogniser, pageMs: 60_000, timeoutMs: 60_000 };
  await using extractor = createExtractor({ engine: "auto", concurrency: 1, limits, ocr });
  const bytes = makePdf({ pages: [await scan(LETTER)] });
  let likeness = 0;
  const ms = await medianOf(async () => {
    const begun = performance.now();
    const outcome = await extractor.extract({ bytes }, { signal });
    if (outcome.kind === "text") likeness = similarity(outcome.pages.join("\n"), LETTER);
    return performance.now() - begun;
  });
  return { name: recogniser.name, ms, likeness };
}
