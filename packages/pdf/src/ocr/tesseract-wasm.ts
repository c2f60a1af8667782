import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { OcrJob, OcrReport } from "../child/messages.ts";
import { resolved, startProgram, type Child } from "../children/child-process.ts";
import { createCoreWatch, type CoreWatch } from "../children/core-watch.ts";
import { runJob, type Interruption } from "../children/run-job.ts";
import { PdfError } from "../port/extract.ts";
import type { Recogniser } from "./recogniser.ts";
import { LOCAL_THRESHOLDS, ONE_THRESHOLD, PARAGRAPHS, SPARSE, wordsOf, type Word } from "./words.ts";

const ENTRY = join(import.meta.dirname, "../child/ocr-child.ts");
/** When no page was read for this many ms, the free children are ended: each of them uses at least 100 MB. */
const IDLE_MS = 30_000;

type OcrChild = Child<OcrJob, OcrReport>;

/** The file with a language's data, from the package of that language; undefined when the package is missing. */
function dataOf(code: string): { code: string; file: string } | undefined {
  try {
    const folder = dirname(resolved(`@tesseract.js-data/${code}`));
    // `4.0.0_best_int` is smaller and more accurate than `4.0.0`, but not every language has it.
    const file = ["4.0.0_best_int", "4.0.0"].map((set) => join(folder, set, `${code}.traineddata.gz`)).find(existsSync);
    return file === undefined ? undefined : { code, file };
  } catch {
    return undefined;
  }
}

/**
 * OCR by Tesseract as WebAssembly, in child processes, which can be killed. A child is started when a page needs it.
 * @throws PdfError `ocr-missing`, which names the package to install.
 */
export function createTesseractWasm({
  languages,
  memoryBytes,
  coreWatch = createCoreWatch(),
}: {
  languages: readonly string[];
  memoryBytes: number;
  coreWatch?: CoreWatch;
}): Recogniser {
  const data = languages.map((code) => {
    const found = dataOf(code);
    if (!found) throw new PdfError("ocr-missing", `OCR needs the package @tesseract.js-data/${code}`);
    return found;
  });
  const children = createChildren([coreFile(), ...data.map(({ file }) => file)], JSON.stringify(data), coreWatch);

  return {
    name: "tesseract-wasm",
    recognise(pgm, signal, { sparse = false, uneven = false } = {}) {
      const how = { mode: sparse ? SPARSE : PARAGRAPHS, threshold: uneven ? LOCAL_THRESHOLDS : ONE_THRESHOLD };
      return recognise({ children, memoryBytes, coreWatch }, { pgm, ...how }, signal);
    },
    async [Symbol.asyncDispose]() {
      children[Symbol.dispose]();
    },
  };
}

function coreFile(): string {
  try {
    return resolved("tesseract.js-core");
  } catch (cause) {
    throw new PdfError("ocr-missing", "OCR needs the package tesseract.js-core", { cause });
  }
}

interface Children extends Disposable {
  take(): OcrChild;
  keep(child: OcrChild): void;
  drop(child: OcrChild): void;
}

/** @param reads the files that each child may read */
function createChildren(reads: readonly string[], argument: string, coreWatch: CoreWatch): Children {
  const free: OcrChild[] = [];
  const all = new Set<OcrChild>();
  let idle: NodeJS.Timeout | undefined;

  function start(): OcrChild {
    const child = startProgram<OcrJob, OcrReport>({ entry: ENTRY, argument, reads, isLast: () => true }, coreWatch);
    all.add(child);
    return child;
  }
  function drop(child: OcrChild): void {
    all.delete(child);
    child.kill();
  }
  function keep(child: OcrChild): void {
    free.push(child);
    clearTimeout(idle);
    idle = setTimeout(() => free.splice(0).forEach(drop), IDLE_MS);
    idle.unref();
  }

  return {
    take: () => free.pop() ?? start(),
    keep,
    drop,
    [Symbol.dispose]() {
      clearTimeout(idle);
      for (const child of all) drop(child);
    },
  };
}

async function recognise(
  deps: { readonly children: Children; readonly memoryBytes: number; readonly coreWatch: CoreWatch },
  job: OcrJob,
  signal: AbortSignal,
): Promise<readonly Word[]> {
  const { children, memoryBytes, coreWatch } = deps;
  signal.throwIfAborted();
  const child = children.take();
  let tsv: string | undefined;
  let interruption: Interruption | undefined;
  try {
    // No time is measured here: when the time for the page is over, `signal` ends the job.
    for await (const report of runJob(child, job, { signal, memoryBytes, coreWatch, overdue: () => undefined })) {
      if (typeof report === "string") interruption = report;
      else if (report.type === "words") ({ tsv } = report);
    }
  } finally {
    if (tsv === undefined) children.drop(child);
    else children.keep(child);
  }
  if (interruption === "starved") return recognise(deps, job, signal);
  if (tsv === undefined) throw new Error(`the picture was not read: ${interruption ?? "it is not a PGM file"}`);
  return wordsOf(tsv);
}
